import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../shared/contracts/app-error.ts';
import { build, type FunctionBundle, ROOT } from './build.ts';

const DIST = join(ROOT, 'dist');

/** `local-HOST-PID-RANDOM`. A process of another container, on the same checkout, cannot be asked for. */
const PREFIX = `local-${hostname()}-`;

/**
 * Builds functions into a folder that this process alone writes. A server loads much of its bundle only when a request
 * first needs it, and until then another build must not take its files away. What ended processes left is removed.
 *
 * @returns the folder, which holds one for each function.
 * @throws AppError `configuration` when nothing can be written there.
 */
export async function buildLocally(names: readonly FunctionBundle[]): Promise<string> {
  let directory: string | undefined;
  try {
    directory = await createLocalFolder(DIST);
    await build(names, directory);
    return directory;
  } catch (error) {
    if (directory !== undefined) await rm(directory, { recursive: true, force: true }).catch(() => undefined);
    throw explainWriteFault(error) ?? error;
  }
}

/** A new folder of this process, inside one that is made where it is missing. */
export async function createLocalFolder(parent: string, isRunning = isProcessRunning): Promise<string> {
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    const pid = name.startsWith(PREFIX) ? /^(\d+)-\w+$/.exec(name.slice(PREFIX.length))?.[1] : undefined;
    if (pid === undefined || isRunning(Number(pid))) continue;
    // One of another user may stay; it is in nobody's way.
    await rm(join(parent, name), { recursive: true, force: true }).catch(() => undefined);
  }
  return await mkdtemp(join(parent, `${PREFIX}${process.pid}-`));
}

function isProcessRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

const CURES: readonly (readonly [RegExp, string])[] = [
  [/ENOSPC|EDQUOT|no space left|quota exceeded/i, 'Its disk is full. Free some space, 20 MB at least.'],
  [
    /EACCES|EPERM|EROFS|permission denied|not permitted|read-only/i,
    'Make it writable for this user, or run a copy of this repository that is.',
  ],
  [/EEXIST|ENOTDIR/, 'Remove the file that stands in its place.'],
];

/** Why a build cannot be written, with the cure; undefined for an error of another kind. */
export function explainWriteFault(error: unknown, folder = DIST): AppError | undefined {
  const { message, code, errors } = error as Error & { code?: string; errors?: readonly { readonly text: string }[] };
  // esbuild puts the words of the system into its own, and errors in sources beside them.
  const fault = errors?.find(({ text }) => text.startsWith('Failed to write'))?.text ?? (errors ? '' : message);
  const cure = CURES.find(([words]) => words.test(`${code} ${fault}`))?.[1];
  if (cure === undefined) return undefined;
  return new AppError('configuration', `The build cannot be written into ${folder}. ${cure}`, { cause: error });
}
