/**
 * What Sluice costs, beside its peers, measured in one run.
 *
 *   npm run bench -- [PART]… [--quick] [--json] [--check] [--write-readme]
 *
 * Without a PART all of them run. Peers are installed into the temporary folder of the system. Exit codes: 0, 1 with
 * `--check` when a goal is missed, 2 wrong usage.
 */
import { setMaxListeners } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { watchMachine } from './bench/machine.ts';
import type { BenchPart, BenchRow } from './bench/part.ts';
import { writeReadme } from './bench/readme.ts';
import { listMisses, toMarkdown } from './bench/table.ts';
import { exitWithUsage, readCommandLine } from './command-line.ts';

const PARTS = join(import.meta.dirname, 'bench', 'parts');

const known = (await readdir(PARTS)).map((file) => file.replace(/\.ts$/, '')).sort();
const USAGE = `Usage: npm run bench -- [PART]… [--quick] [--json] [--check] [--write-readme]

  PART            ${known.join(', ')}. Default: all of them
  --quick         fewer rounds, for a first look
  --json          JSON in place of tables
  --check         end with 1 when a row has fallen behind its goal by more than its noise
  --write-readme  put the tables into the README`;

const options = readOptions(process.argv.slice(2));
if (typeof options === 'string') exitWithUsage(options, USAGE);
const { values, positionals } = options;

// Progress goes to standard error, so that the table, or the JSON, is all that is on standard output.
const log = (line: string): void => void process.stderr.write(`${line}\n`);
setMaxListeners(0, process);
const machine = watchMachine();
const results: { part: BenchPart; rows: readonly BenchRow[]; seconds: number }[] = [];
for (const name of positionals.length > 0 ? positionals : known) {
  const { part } = (await import(`./bench/parts/${name}.ts`)) as { part: BenchPart };
  const scratch = await mkdtemp(join(tmpdir(), `sluice-bench-${name}-`));
  const startedAt = performance.now();
  log(`# ${name}: ${part.description}`);
  try {
    const rows = await part.run({ quick: values.quick, scratch, log, random: Math.random });
    results.push({ part, rows, seconds: Math.round((performance.now() - startedAt) / 1000) });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const note = `${new Date().toISOString().slice(0, 10)}: ${machine.describe()}`;
if (values.json) {
  const parts = results.map(({ part: { name }, rows, seconds }) => ({ name, seconds, rows }));
  console.log(JSON.stringify({ note, quick: values.quick, parts }, null, 2));
} else {
  for (const { part, rows, seconds } of results) {
    console.log(`## ${part.name} (${seconds} s)\n\n${part.description}\n\n${toMarkdown(rows)}\n`);
  }
  console.log(note);
}
if (values['write-readme']) {
  for (const name of await writeReadme(results, note)) {
    log(`The README has no place for ${name}: put <!-- bench:${name} --> and <!-- /bench:${name} --> into it.`);
  }
}
const misses = results.flatMap(({ rows }) => listMisses(rows));
for (const miss of misses) log(`Behind its goal: ${miss}`);
process.exitCode = values.check && misses.length > 0 ? 1 : 0;

/** What the command line says; a text when it is not to be run, see {@link readCommandLine}. */
function readOptions(args: readonly string[]) {
  const given = readCommandLine(args, {
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      'write-readme': { type: 'boolean', default: false },
    },
  });
  if (typeof given === 'string') return given;
  const unknown = given.positionals.find((name) => !known.includes(name));
  return unknown === undefined ? given : `There is no part ${unknown}.`;
}
