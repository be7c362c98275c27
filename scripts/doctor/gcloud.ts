import { execFile } from 'node:child_process';
import type { AdviceId } from './advice.ts';

/** Status 127: there is no such command. */
export interface CommandResult {
  readonly status: number;
  readonly output: string;
  readonly errors: string;
}
export type RunCommand = (command: string, args: readonly string[]) => Promise<CommandResult>;

/** What gcloud says, or why it says nothing. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: Reason; readonly detail: string };

/** `absent`: it looked, and there is no such thing. */
export type Reason = 'gcloud' | 'forbidden' | 'api' | 'absent' | 'failed';

export const ADVICE_FOR: Readonly<Partial<Record<Reason, AdviceId>>> = {
  gcloud: 'gcloud',
  forbidden: 'may-not-look',
  api: 'api',
  absent: 'project',
};

const REASONS: readonly (readonly [words: RegExp, reason: Reason])[] = [
  [/gcloud auth login|active account|Reauthentication|invalid_grant|reauth/i, 'gcloud'],
  [/SERVICE_DISABLED|has not been used in project|API .* not enabled|is not enabled/i, 'api'],
  [/PERMISSION_DENIED|does not have permission|denied on resource|\b403\b/i, 'forbidden'],
  [/NOT_FOUND|not found|cannot find|does not exist|\b404\b/i, 'absent'],
];

/** Asks gcloud for something as JSON. Looks, and changes nothing. */
export async function askGcloud<T>(run: RunCommand, args: readonly string[]): Promise<Answer<T>> {
  const { status, output, errors } = await run('gcloud', [...args, '--format=json', '--quiet']);
  if (status === 127) return { ok: false, reason: 'gcloud', detail: 'gcloud is not installed' };
  if (status !== 0) {
    const reason = REASONS.find(([words]) => words.test(errors))?.[1] ?? 'failed';
    return { ok: false, reason, detail: firstLine(errors) || `gcloud ended with ${status}` };
  }
  try {
    return { ok: true, value: JSON.parse(output) as T };
  } catch {
    return { ok: false, reason: 'failed', detail: 'gcloud gave something else than JSON' };
  }
}

function firstLine(text: string): string {
  return (
    text
      .split('\n')
      .find((line) => line.trim() !== '')
      ?.trim() ?? ''
  );
}

/** Longer than any list takes; a prompt for a password would wait for ever. */
const TIMEOUT_MS = 60_000;

export const runCommand: RunCommand = (command, args) =>
  new Promise((resolve) => {
    const child = execFile(
      command,
      args,
      { timeout: TIMEOUT_MS, maxBuffer: 64 * 1_048_576 },
      (error, output, errors) => {
        const { code } = (error ?? {}) as NodeJS.ErrnoException;
        const missing = (code as unknown) === 'ENOENT';
        resolve({ status: missing ? 127 : error === null ? 0 : (child.exitCode ?? 1), output, errors });
      },
    );
    child.stdin?.end();
  });
