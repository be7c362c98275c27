/**
 * Sends requests that are made from the OpenAPI document, right and wrong ones, over real connections, and holds every
 * answer against the document: known statuses alone, always the error body, no fault of its own, still alive.
 *
 *   npm run fuzz [-- --runs 200] [--seed 1] [--url http://127.0.0.1:8080]
 *
 * Without `--url` the gateway is started for it, with the development defaults. Exit code 0: nothing is wrong.
 */
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz/run.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    url: { type: 'string' },
  },
});

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
  runs: Number(values.runs),
  seed: Number(values.seed),
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
