import { parseArgs } from 'node:util';
import { FAULTS, listCells } from './faults/matrix.ts';
import { isWrong, toReport } from './faults/report.ts';
import { runCells } from './faults/run.ts';
import type { FaultParts } from './faults/scene.ts';

/**
 * Lets every vendor fail in every way, as the first, the middle and the only leg, streamed and not, and prints what a
 * client of the gateway gets. Ends with 1 when that is not what it should get.
 *
 *   npm run faults -- [--provider NAME]… [--fault PART_OF_NAME]…
 *
 * The vendors' formats and the server live with the tests, which are no part of what is shipped, and are therefore
 * loaded by their address.
 */
const { faultParts } = (await import(new URL('../test/support/fault-parts.ts', import.meta.url).href)) as {
  faultParts: FaultParts;
};

const { values } = parseArgs({
  options: { provider: { type: 'string', multiple: true }, fault: { type: 'string', multiple: true } },
});
const known = faultParts.wires.map(({ provider }) => provider);
const providers = values.provider ?? known;
const unknown = providers.find((provider) => !known.includes(provider));
if (unknown !== undefined) throw new Error(`There is no provider ${unknown}. Known ones: ${known.join(', ')}.`);
const faults = FAULTS.filter(({ name }) => values.fault?.some((part) => name.includes(part)) ?? true);
const cells = providers.flatMap((provider) => listCells(provider, faults));
if (cells.length === 0) throw new Error('No fault has such a name.');

const rejections: unknown[] = [];
process.on('unhandledRejection', (reason) => rejections.push(reason));
const results = await runCells(faultParts, cells);
console.log(toReport(results));
for (const reason of rejections) console.error('Nobody handled a rejection:', reason);
// Not left by force: a timer or socket that somebody forgot keeps the process from ending, and shows.
process.exitCode = results.some(isWrong) || rejections.length > 0 ? 1 : 0;
