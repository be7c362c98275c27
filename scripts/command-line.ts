import { type ParseArgsConfig, parseArgs } from 'node:util';

/**
 * What a command line says.
 *
 * @returns a text in place of it when the command is not to be run, for {@link exitWithUsage}: what is wrong with an
 * option, or nothing when `--help` or `-h` asks for help.
 */
export function readCommandLine<const Config extends ParseArgsConfig>(args: readonly string[], config: Config) {
  const end = args.indexOf('--');
  const options = end < 0 ? args : args.slice(0, end);
  if (options.includes('--help') || options.includes('-h')) return '';
  try {
    return parseArgs<Config>({ ...config, args: [...args] });
  } catch (error) {
    return (error as Error).message;
  }
}

/** What is wrong with a command line, if anything, and how the command is used. */
export function toUsage(problem: string, usage: string): { readonly exitCode: 0 | 2; readonly output: string } {
  return problem === '' ? { exitCode: 0, output: usage } : { exitCode: 2, output: `${problem}\n\n${usage}` };
}

/**
 * Ends a command whose line is not to be run: with 0 and its usage for who asks for help, otherwise with 2, what is wrong
 * and the usage, on standard error.
 *
 * @param problem what is wrong; empty when help was asked for.
 */
export function exitWithUsage(problem: string, usage: string): never {
  const { exitCode, output } = toUsage(problem, usage);
  (exitCode === 0 ? process.stdout : process.stderr).write(`${output}\n`);
  process.exit(exitCode);
}
