import { readFile } from 'node:fs/promises';
import { nearest } from '../../shared/config/nearest.ts';
import { type Command, type CommandContext, CommandError, EXIT, type ExitCode, UsageError } from './command.ts';
import { createPaint, plain } from './terminal.ts';

/** Loaded when they are run, since some bring a database client. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  ingest: async () => (await import('./ingest.ts')).ingest,
  search: async () => (await import('./search.ts')).search,
  chat: async () => (await import('./chat.ts')).chat,
  models: async () => (await import('./models.ts')).models,
  usage: async () => (await import('./usage.ts')).usage,
  doctor: async () => (await import('./doctor.ts')).doctor,
};

/** Runs one command line. Never throws for what a person did wrong. */
export async function runProgram(args: readonly string[], context: CommandContext): Promise<ExitCode> {
  const { terminal, environment, signal } = context;
  const [name, ...rest] = args;
  const complain = (message: string): void => {
    terminal.errors.write(`${createPaint(terminal.errors, environment)('red', 'sluice:')} ${plain(message)}\n`);
  };
  if (name === '--version' || name === '-v' || name === 'version') {
    terminal.output.write(`${await readVersion()}\n`);
    return EXIT.ok;
  }
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    const [about] = rest;
    const load = about === undefined ? undefined : COMMANDS[about];
    const text = load === undefined ? await overview() : (await load()).help;
    (name === undefined ? terminal.errors : terminal.output).write(`${text}\n`);
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) {
    if (name.startsWith('-')) {
      complain(`Options come after the command: sluice COMMAND ${name}. See sluice --help.`);
      return EXIT.usage;
    }
    const meant = nearest(name, Object.keys(COMMANDS));
    complain(`There is no command ${name}.${meant === undefined ? '' : ` Did you mean ${meant}?`} See sluice --help.`);
    return EXIT.usage;
  }
  const command = await load();
  // Also beside options that are wrong: help is what such a person needs.
  if (rest.some((argument) => argument === '--help' || argument === '-h')) {
    terminal.output.write(`${command.help}\n`);
    return EXIT.ok;
  }
  try {
    return await command.run(rest, context);
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted;
    if (error instanceof UsageError) {
      complain(`${error.message} See sluice ${name} --help.`);
      return EXIT.usage;
    }
    if (!(error instanceof CommandError)) throw error;
    complain(error.message);
    return EXIT.failed;
  }
}

async function overview(): Promise<string> {
  const commands = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, load]) => `  ${name.padEnd(8)}  ${(await load()).summary}`),
  );
  return [
    'Usage: sluice COMMAND [ARGUMENTS]',
    '',
    ...commands,
    '',
    '  --help, COMMAND --help    how to use it',
    '  --version                 which one this is',
    '',
    'The service is at http://127.0.0.1:8080, or where --url or SLUICE_URL says; the key is in SLUICE_API_KEY.',
    'Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.',
  ].join('\n');
}

async function readVersion(): Promise<string> {
  const manifest = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}
