/**
 * Ends a command whose line is not to be run: with 0 and its usage for who asks for help, otherwise with 2, what is wrong
 * and the usage, on standard error.
 *
 * @param problem what is wrong; empty when help was asked for.
 */
export function exitWithUsage(problem: string, usage: string): never {
  if (problem === '') process.stdout.write(`${usage}\n`);
  else process.stderr.write(`${problem}\n\n${usage}\n`);
  process.exit(problem === '' ? 0 : 2);
}
