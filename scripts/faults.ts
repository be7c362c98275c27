import { exitWithUsage, readCommandLine } from './command-line.ts';
import { type Cell, FAULTS, listCells } from './faults/matrix.ts';
import { isWrong, toReport } from './faults/report.ts';
import { runCells } from './faults/run.ts';
import type { FaultParts } from './faults/scene.ts';

/**
 * Lets every vendor fail in every way, as the first, the middle and the only leg, streamed and not, and prints what a
 * client of the gateway gets. Exit codes: 0 that is what it should get, 1 it is not, 2 wrong usage.
 *
 *   npm run faults -- [--provider NAME]… [--fault PART_OF_NAME]…
 *
 * The vendors' formats and the server live with the tests, which are no part of what is shipped, and are therefore
 * loaded by their address.
 */
const { faultParts } = (await import(new URL('../test/support/fault-parts.ts', import.meta.url).href)) as {
  faultParts: FaultParts;
};

const known = faultParts.wires.map(({ provider }) => provider);
const USAGE = `Usage: npm run faults [-- [--provider NAME]… [--fault PART_OF_NAME]…]

  --provider NAME  ${known.join(', ')}. Default: all of them
  --fault PART     faults whose name, the first column, has these words. Default: all of them`;

const cells = readCells(process.argv.slice(2));
if (typeof cells === 'string') exitWithUsage(cells, USAGE);

/** The cells that the command line asks for; a text when it is not to be run, see {@link readCommandLine}. */
function readCells(args: readonly string[]): Cell[] | string {
  const given = readCommandLine(args, {
    options: { provider: { type: 'string', multiple: true }, fault: { type: 'string', multiple: true } },
  });
  if (typeof given === 'string') return given;
  const { provider: providers = known, fault: parts = [''] } = given.values;
  const unknown = providers.find((provider) => !known.includes(provider));
  if (unknown !== undefined) return `There is no provider ${unknown}.`;
  const unused = parts.find((part) => !FAULTS.some(({ name }) => name.includes(part)));
  if (unused !== undefined) return `No fault has ${unused} in its name.`;
  const faults = FAULTS.filter(({ name }) => parts.some((part) => name.includes(part)));
  return providers.flatMap((provider) => listCells(provider, faults));
}

const rejections: unknown[] = [];
process.on('unhandledRejection', (reason) => rejections.push(reason));
const results = await runCells(faultParts, cells);
console.log(toReport(results));
for (const reason of rejections) console.error('Nobody handled a rejection:', reason);
// Not left by force: a timer or socket that somebody forgot keeps the process from ending, and shows.
process.exitCode = results.some(isWrong) || rejections.length > 0 ? 1 : 0;
