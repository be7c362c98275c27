/**
 * Sends requests that are made from the OpenAPI document, right and wrong ones, over real connections, and holds every
 * answer against the document: known statuses alone, always the error body, no fault of its own, still alive.
 *
 *   npm run fuzz [-- --runs 200] [--seed 1] [--url http://127.0.0.1:8080]
 *
 * Without `--url` the gateway is started for it, with the development defaults. Exit codes: 0 nothing is wrong, 1 an answer is, 2 wrong
 * usage.
 */
import { exitWithUsage, readCommandLine } from './command-line.ts';
import { fuzz } from './fuzz/run.ts';

const USAGE = `Usage: npm run fuzz [-- [--runs N] [--seed N] [--url URL]]

  --runs N    requests made for each operation. Default: 200
  --seed N    the same requests again: a seed that was printed. Default: another one each time
  --url URL   a running service. Default: the gateway is started for it`;

const values = readOptions(process.argv.slice(2));
if (typeof values === 'string') exitWithUsage(values, USAGE);

/** What the command line says; a text when it is not to be run, see {@link readCommandLine}. */
function readOptions(args: readonly string[]): { runs: number; seed: number; url?: string } | string {
  const given = readCommandLine(args, {
    options: {
      runs: { type: 'string', default: '200' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      url: { type: 'string' },
    },
  });
  if (typeof given === 'string') return given;
  const { runs, seed, url } = given.values;
  if (!/^[1-9]\d{0,6}$/.test(runs)) return '--runs is a whole number above 0.';
  if (!/^\d{1,9}$/.test(seed)) return '--seed is a whole number.';
  if (url !== undefined && !/^https?:\/\//.test(url)) return '--url is an address such as http://127.0.0.1:8080.';
  return { runs: Number(runs), seed: Number(seed), ...(url === undefined ? {} : { url }) };
}

interface Started {
  readonly url: string;
  close(): Promise<void>;
}

/** The real app under the functions framework, as the tests start it. */
async function startGateway(): Promise<Started> {
  const { startAppServer } = (await import(new URL('../test/support/app-server.ts', import.meta.url).href)) as {
    startAppServer(): Promise<Started>;
  };
  return await startAppServer();
}

const own = values.url === undefined ? await startGateway() : undefined;
const { sent, statuses, faults } = await fuzz({
  url: values.url ?? own?.url ?? '',
  runs: values.runs,
  seed: values.seed,
});
for (const [operation, counts] of statuses) {
  const list = [...counts].sort(([one], [other]) => one - other).map(([status, count]) => `${status}: ${count}`);
  process.stdout.write(`${operation.padEnd(45)} ${list.join('  ')}\n`);
}
for (const { operation, fault, request, answer } of faults.slice(0, 20)) {
  process.stdout.write(`\n${operation}: ${fault}\n  ${request}\n  ${answer}\n`);
}
process.stdout.write(`\n${sent} requests with seed ${values.seed}, ${faults.length} of them answered wrongly.\n`);
await own?.close();
process.exitCode = faults.length === 0 ? 0 : 1;
