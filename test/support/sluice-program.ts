import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe } from 'vitest';
import { ROOT } from '../../scripts/build.ts';

export interface SluiceRun {
  readonly exitCode: number | null;
  readonly output: string;
  readonly errors: string;
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly directory?: string;
  /** Standard input. Default: nothing, and its end. */
  readonly input?: string;
}

export interface RunningSluice {
  readonly child: ChildProcess;
  /** What both streams, or the terminal, have shown so far. */
  readonly shown: () => string;
  type(text: string): void;
  /**
   * Resolves when a text has been shown after the last one that was waited for. @throws Error when the program ends first.
   */
  until(text: string): Promise<void>;
  readonly ended: Promise<SluiceRun>;
}

const PROGRAM = join(ROOT, 'scripts', 'sluice.mjs');
const KEPT = ['PATH', 'HOME', 'TMPDIR'];

/** Runs the program in a process of its own to its end. */
export async function runSluice(args: readonly string[], options: RunOptions = {}): Promise<SluiceRun> {
  const running = startSluice(args, options);
  running.child.stdin?.end(options.input ?? '');
  return await running.ended;
}

/** The same, while it runs. */
export function startSluice(args: readonly string[], { environment, directory }: RunOptions = {}): RunningSluice {
  return watch(
    spawn(process.execPath, [PROGRAM, ...args], { cwd: directory ?? ROOT, env: toEnvironment(environment) }),
  );
}

/** The program on a pseudo-terminal, as a person has it. What is typed is keys: `\r`, `\u0003` for Ctrl-C. */
export function startSluiceOnTerminal(
  args: readonly string[],
  { environment, directory }: RunOptions = {},
): RunningSluice {
  const command = [process.execPath, PROGRAM, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const flags = ['--quiet', '--flush', '--return', '--command', command, '/dev/null'];
  const settings = { cwd: directory ?? ROOT, env: { TERM: 'xterm', ...toEnvironment(environment) } };
  return watch(spawn('script', flags, settings));
}

/** A suite that needs a terminal, which util-linux's `script` makes. */
export function describeOnTerminal(title: string, suite: () => void): void {
  const { stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  if (stdout?.includes('util-linux')) describe(title, suite);
  else describe.skip(`${title} [no \`script\` of util-linux: install it]`, suite);
}

function toEnvironment(given: RunOptions['environment'] = {}): Record<string, string> {
  const kept = KEPT.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name] as string]]));
  return { ...Object.fromEntries(kept), ...given };
}

function watch(child: ChildProcess): RunningSluice {
  let output = '';
  let errors = '';
  let both = '';
  let seen = 0;
  let over = false;
  let wake: () => void = () => {};
  const collect = (data: string, isError: boolean): void => {
    if (isError) errors += data;
    else output += data;
    both += data;
    wake();
  };
  child.stdout?.setEncoding('utf8').on('data', (data: string) => collect(data, false));
  child.stderr?.setEncoding('utf8').on('data', (data: string) => collect(data, true));
  const ended = once(child, 'close').then(([exitCode]) => {
    over = true;
    wake();
    return { exitCode: exitCode as number | null, output, errors };
  });
  return {
    child,
    shown: () => both,
    ended,
    type: (text) => void child.stdin?.write(text),
    async until(text) {
      for (;;) {
        const at = both.indexOf(text, seen);
        if (at !== -1) {
          seen = at + text.length;
          return;
        }
        if (over) throw new Error(`The program ended before it showed ${JSON.stringify(text)}:\n${both}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
