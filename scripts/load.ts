/**
 * Load and soak, against the built gateway in a process of its own and upstreams in another, on the loopback address:
 *
 *   npm run load -- streams [--count 2000]        answers open at once, and what each costs
 *   npm run load -- slow-readers [--count 12]     clients that stop reading
 *   npm run load -- soak [--minutes 20]           mixed traffic with faults, and what is held after it
 *   npm run load -- sigterm [--count 300]         told to end with streams under way
 *   npm run load -- ingest-restart [--count 120]  the database goes away in the middle of an ingestion
 *
 * Prints a table and its verdict. Exit codes: 0 all holds, 1 something does not, 2 wrong usage.
 */
import { exitWithUsage, readCommandLine } from './command-line.ts';
import { describeReport, type Report } from './load/report.ts';

interface Numbers {
  readonly count?: number;
  readonly minutes?: number;
}

const SCENARIOS: Readonly<Record<string, (numbers: Numbers) => Promise<Report>>> = {
  streams: async ({ count = 2000 }) => (await import('./load/streams.ts')).streams({ count }),
  'slow-readers': async ({ count = 12 }) => (await import('./load/slow-readers.ts')).slowReaders({ count }),
  soak: async ({ minutes = 20 }) => (await import('./load/soak.ts')).soak({ minutes }),
  sigterm: async ({ count = 300 }) => (await import('./load/sigterm.ts')).sigterm({ count }),
  'ingest-restart': async ({ count = 120 }) => (await import('./load/ingest-restart.ts')).ingestRestart({ count }),
};

const USAGE = `Usage: npm run load -- ${Object.keys(SCENARIOS).join('|')} [--count N] [--minutes N]`;

const asked = readOptions(process.argv.slice(2));
if (typeof asked === 'string') exitWithUsage(asked, USAGE);
const startedAt = performance.now();
const report = await asked.run(asked.numbers);
console.log(describeReport(`${asked.name} in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`, report));
process.exitCode = report.checks.every(({ holds }) => holds) ? 0 : 1;

/** What the command line says; a text when it is not to be run, see {@link readCommandLine}. */
function readOptions(args: readonly string[]) {
  const given = readCommandLine(args, {
    allowPositionals: true,
    options: { count: { type: 'string' }, minutes: { type: 'string' } },
  });
  if (typeof given === 'string') return given;
  const [name = '', ...more] = given.positionals;
  const run = Object.hasOwn(SCENARIOS, name) ? SCENARIOS[name] : undefined;
  if (run === undefined || more.length > 0) return 'Name one scenario.';
  const numbers = Object.entries(given.values).map(([key, text]) => [key, Number(text)] as const);
  const [wrong] = numbers.find(([, value]) => !(value > 0)) ?? [];
  if (wrong !== undefined) return `--${wrong} is a number above 0.`;
  return { name, run, numbers: Object.fromEntries(numbers) as Numbers };
}
