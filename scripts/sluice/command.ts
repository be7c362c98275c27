import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { Environment } from '../../shared/config/environment.ts';
import { nearest } from '../../shared/config/nearest.ts';
import type { Terminal } from './terminal.ts';

type ParseArgsOptionsConfig = NonNullable<ParseArgsConfig['options']>;

/** What the program ends with. `interrupted` is what shells use for Ctrl-C. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface CommandContext {
  readonly environment: Environment;
  readonly terminal: Terminal;
  /** Where relative paths begin. */
  readonly directory: string;
  /** Aborted when the program is told to stop. */
  readonly signal: AbortSignal;
}

export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  /** All that `--help` prints. */
  readonly help: string;
  run(args: readonly string[], context: CommandContext): Promise<ExitCode>;
}

/** Something the person can put right; the message says how. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** The command line is wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Options that every command takes. */
export const COMMON_OPTIONS = {
  url: { type: 'string' },
  outputs: { type: 'string' },
  key: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const satisfies ParseArgsOptionsConfig;

export const COMMON_HELP = `
Where and who:
  --url URL        the service; also SLUICE_URL. Default: http://127.0.0.1:8080
  --outputs FILE   what \`terraform output -json\` wrote, for functions with a URL each
  --key KEY        an API key; better in SLUICE_API_KEY, which other users of the machine cannot see.
                   Without a key, https://….run.app is called with your Google identity (gcloud auth login)
  --json           JSON on standard output, for programs
  -h, --help       this

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.`;

/** The values and positionals of a command line. @throws UsageError */
export function parse<const Options extends ParseArgsOptionsConfig>(args: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(explain(error, Object.keys(options)));
  }
}

/** A whole number within bounds; undefined when the option is absent. @throws UsageError */
export function toInteger(
  name: string,
  text: string | undefined,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`--${name} is a whole number from ${min} to ${max}.`);
}

/** A number within bounds; undefined when the option is absent. @throws UsageError */
export function toNumber(
  name: string,
  text: string | undefined,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  if (text === undefined) return undefined;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= min && value <= max) return value;
  throw new UsageError(`--${name} is a number from ${min} to ${max}.`);
}

/** Node's own words without its advice about `--`, and with ours about what was probably meant. */
function explain(error: unknown, known: readonly string[]): string {
  const message = error instanceof Error ? error.message : String(error);
  const unknown = /Unknown option '--?([^']+)'/.exec(message)?.[1];
  if (unknown === undefined) return (message.split('\n')[0] ?? message).replace(/(\.)? To specify.*$/s, '.');
  const meant = nearest(unknown, known);
  return `There is no option --${unknown}.${meant === undefined ? '' : ` Did you mean --${meant}?`}`;
}
