import { readCommandLine, toUsage } from '../../scripts/command-line.ts';
import { RECORDING_FILES, readRecordings } from './recordings.ts';
import { loadFixtures, loadQuirks } from './replay-fixtures.ts';
import {
  findMissedBars,
  listNewFailures,
  listOpenEnds,
  listUnderstoodFailures,
  toScoreTable,
} from './replay-report.ts';
import { planReplays, type ReplayOutcome, runReplays } from './replay-run.ts';

const USAGE = `Usage: npm run conformance -- [options]
  --provider NAME   only recordings of this provider or vendor; may be repeated
  --quick           streams whole and cut only; byte by byte takes minutes
  --failures        only what is wrong, without the tables`;

/**
 * Replays the project's fixtures and, where they are, the recordings beside the checkout, and prints the scores.
 * @returns the exit code: 0, 1 below the bars or with a failure nobody has explained, 2 for wrong options.
 */
export async function runConformance(args: readonly string[]): Promise<0 | 1 | 2> {
  const options = readOptions(args);
  if (typeof options === 'string') {
    const { exitCode, output } = toUsage(options, USAGE);
    (exitCode === 0 ? console.log : console.error)(output);
    return exitCode;
  }
  const wanted = ({ provider }: { readonly provider: string }): boolean =>
    options.provider.length === 0 || options.provider.includes(provider);
  const modes = options.quick ? (['whole', 'cut'] as const) : (['whole', 'cut', 'bytes'] as const);
  const recordings = RECORDING_FILES.flatMap(readRecordings).filter(wanted);
  const own = [...loadFixtures(), ...loadQuirks()].filter(wanted);
  const replays = planReplays([...recordings, ...own], () => modes);
  if (replays.length === 0) {
    console.error(`There is no recording of ${options.provider.join(' or ')}.`);
    return 2;
  }
  const outcomes = await runReplays(replays, (done) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${replays.length} replays`);
  });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const isRecorded = new Set(recordings.map(({ id }) => id));
  const recorded = outcomes.filter(({ recording }) => isRecorded.has(recording.id));
  const fixtures = outcomes.filter(({ recording }) => !isRecorded.has(recording.id));
  return report({ recorded, fixtures, failuresOnly: options.failures });
}

function report({
  recorded,
  fixtures,
  failuresOnly,
}: {
  readonly recorded: readonly ReplayOutcome[];
  readonly fixtures: readonly ReplayOutcome[];
  readonly failuresOnly: boolean;
}): 0 | 1 {
  const outcomes = [...recorded, ...fixtures];
  const failures = listNewFailures(outcomes);
  const missed = findMissedBars(recorded);
  if (!failuresOnly) {
    printList('Recordings', recorded.length > 0 ? toScoreTable(recorded) : ['none found']);
    printList('Own fixtures', toScoreTable(fixtures));
    printList('Recordings without finish and without error: any honest end is right', listOpenEnds(recorded));
  }
  printList('Understood', listUnderstoodFailures(outcomes));
  printList('New failures', failures);
  printList('Missed bars', missed);
  return failures.length + missed.length > 0 ? 1 : 0;
}

function printList(title: string, lines: readonly string[]): void {
  console.log(`\n${title}${lines.length === 0 ? ': none' : ''}`);
  for (const line of lines) console.log(`  ${line}`);
}

/** What the command line says; a text when it is not to be run, see {@link readCommandLine}. */
function readOptions(args: readonly string[]) {
  const given = readCommandLine(args, {
    options: {
      provider: { type: 'string', multiple: true, default: [] },
      quick: { type: 'boolean', default: false },
      failures: { type: 'boolean', default: false },
    },
  });
  return typeof given === 'string' ? given : given.values;
}
