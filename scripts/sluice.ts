/**
 * The program for people: `npx tsx scripts/sluice`, `npm run sluice --`, or `sluice` after `npm link`.
 * Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
 */
import { readEnvironment } from '../shared/config/environment.ts';
import { runProgram } from './sluice/run-program.ts';

// `sluice models | head -1` ends the pipe early, and that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const stopped = new AbortController();
// Only once: a second Ctrl-C ends the program whatever it is doing.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopped.abort());

process.exitCode = await runProgram(process.argv.slice(2), {
  environment: readEnvironment(),
  terminal: { input: process.stdin, output: process.stdout, errors: process.stderr },
  directory: process.cwd(),
  signal: stopped.signal,
});
// What was read from may be a pipe that nobody closes.
process.stdin.unref?.();
