import { join } from 'node:path';
import { buildBenchServers } from '../bench-servers.ts';
import type { BenchOptions, BenchPart, BenchRow, Goal } from '../part.ts';
import { type Contender, compare, type Rounds, runRounds } from '../rounds.ts';
import { buildScan, C_SCAN } from '../search/c-scan.ts';
import { type ContenderProcess, startContender } from '../search/contender-process.ts';
import { CONTENDERS, type ContenderName } from '../search/contenders.ts';
import { findTruth, type SearchSize, TOP_K } from '../search/data.ts';
import { installSearchPeers } from '../search-peers.ts';
import type { Order } from '../servers/search-contender.ts';

interface SizeGoals extends SearchSize {
  /** Times LangChain's speed. */
  readonly langChain: number;
  /** Times the speed of each of the others. Where the vectors fit the cache, reading fewer bytes saves less. */
  readonly others: number;
  /** The vectors do not fit the processor's cache, so that memory is what limits a scan. */
  readonly beyondCache: boolean;
}

const SIZES: readonly SizeGoals[] = [
  { count: 10_000, dimensions: 384, langChain: 15, others: 1.5, beyondCache: false },
  { count: 10_000, dimensions: 1_536, langChain: 6, others: 2.5, beyondCache: true },
  { count: 100_000, dimensions: 384, langChain: 35, others: 2.5, beyondCache: true },
];
const OURS: ContenderName = 'Sluice';
const UNCODED: ContenderName = 'Sluice, prescan off';
/** Rows from which on the work of a search is that of looking at them. */
const LARGE = 100_000;
/** The codes are a quarter of the vectors more, which is all of it. */
const VECTOR_MEMORY: Goal = { atMost: 1.25 };
/** Below it a process's growth is mostly that of Node itself. */
const PLAIN_BYTES = 1e8;
/** Four bytes a number. */
const RAW = '× the raw vectors';
const ONE_PERCENT = 'among one percent';
/** Queries whose results are held against the definition. */
const JUDGED = 8;

export const part: BenchPart = {
  name: 'search',
  description:
    'Exact search in memory: every contender in a process of its own, the same vectors, the ten best by cosine.',
  async run(options) {
    const peers = await installSearchPeers();
    const script = join((await buildBenchServers(peers.directory))('search-contender'), 'index.js');
    const scan = await buildScan(options.scratch);
    if (scan === undefined) options.log('  No C compiler: the C scan is left out.');
    const rows: BenchRow[] = [];
    for (const size of options.quick ? SIZES.slice(0, 2) : SIZES) {
      rows.push(...(await measureSize(size, { ...options, script, peers: peers.directory, scan })));
    }
    return rows;
  },
};

interface SizeOptions extends BenchOptions {
  readonly script: string;
  readonly peers: string;
  readonly scan: ((size: SearchSize) => Contender) | undefined;
}

async function measureSize(size: SizeGoals, options: SizeOptions): Promise<BenchRow[]> {
  const { script, peers, scan, scratch, quick, log, random } = options;
  const label = `${size.count.toLocaleString('en-US')} × ${size.dimensions}`;
  const started = new Map<string, ContenderProcess>();
  try {
    for (const name of Object.keys(CONTENDERS)) {
      try {
        started.set(name, await startContender(script, { peers, name, size, scratch }));
        log(`  ${label}: ${name} is full`);
      } catch (error) {
        // Ours is what is measured. Without it no goal would be missed.
        if (isOurs(name)) throw error;
        log(`  ${label}: ${name} is left out: ${error instanceof Error ? error.message : error}`);
      }
    }
    const contenders = [...started].map(([name, process]) => ({ name, measure: () => speedOf(process, 'all') }));
    const ours = started.get(OURS);
    if (ours !== undefined) contenders.push({ name: ONE_PERCENT, measure: () => speedOf(ours, 'onePercent') });
    const all = scan === undefined || !size.beyondCache ? contenders : [...contenders, scan(size)];
    const rounds = await runRounds(all, { rounds: quick ? 4 : 9, random });
    return [...speedRows(rounds, size, label), ...stateRows(started, size, label)];
  } finally {
    for (const process of started.values()) process.stop();
  }
}

function isOurs(name: string): boolean {
  return name === OURS || name === UNCODED;
}

async function speedOf(process: ContenderProcess, measure: Order['measure']): Promise<number> {
  return (await process.ask({ measure })).perSecond;
}

/** Where a contender could not be run, its row is missing. */
function speedRows(rounds: Rounds, size: SizeGoals, label: string): BenchRow[] {
  const row = (ours: string, peer: string, what: string, atLeast?: number): BenchRow[] =>
    rounds[ours] === undefined || rounds[peer] === undefined
      ? []
      : [
          compare(rounds, {
            what: `${what}, ${label}`,
            unit: 'searches/s CPU',
            ours,
            peer,
            ...(atLeast === undefined ? {} : { goal: { atLeast } }),
          }),
        ];
  return [
    ...row(OURS, 'hnswlib brute force', 'exact search', size.others),
    ...row(OURS, 'usearch exact', 'exact search', size.others),
    ...row(OURS, 'sqlite-vec', 'exact search', size.others),
    ...row(OURS, 'LanceDB flat', 'exact search', size.others),
    ...row(OURS, 'LangChain MemoryVectorStore', 'exact search', size.langChain),
    ...row(OURS, 'Orama', 'exact search', size.others),
    ...row(UNCODED, 'hnswlib brute force', 'exact search, prescan off', 0.9),
    ...row(UNCODED, C_SCAN, 'exact search, prescan off', 0.65),
    // Among fewer, what is done for every search whatever it looks at is most of the work.
    ...row(ONE_PERCENT, OURS, 'search among one percent, beside search among all', size.count < LARGE ? undefined : 20),
  ];
}

function stateRows(started: ReadonlyMap<string, ContenderProcess>, size: SearchSize, label: string): BenchRow[] {
  const truth = findTruth(size, JUDGED);
  const rawBytes = size.count * size.dimensions * 4;
  const recallOf = ({ ready: { found } }: ContenderProcess): number =>
    truth.flatMap((rows, query) => rows.filter((row) => found[query]?.includes(row))).length / (JUDGED * TOP_K);
  const own = [...started].filter(([name]) => isOurs(name));
  const others = [...started].filter(([name]) => !isOurs(name));
  const state = (what: string, ours: number, unit: string, goal?: Goal): BenchRow => ({
    what: `${what}, ${label}`,
    ours,
    unit,
    noise: 0,
    ...(goal === undefined ? {} : { goal }),
  });
  /** One value of ours beside that of each of the others. */
  const beside = (what: string, unit: string, read: (contender: ContenderProcess) => number): BenchRow[] => {
    const ours = started.get(OURS);
    if (ours === undefined) return [];
    return others.map(([name, contender]) => {
      const peer = { name, value: read(contender) };
      return { ...state(what, read(ours), unit), peer, ratio: read(ours) / peer.value };
    });
  };
  return [
    ...own.map(([name, contender]) => state(`recall@10 of ${name}`, recallOf(contender), '', { atLeast: 1 })),
    ...(others.length === 0
      ? []
      : [state('lowest recall@10 of the others', Math.min(...others.map(([, contender]) => recallOf(contender))), '')]),
    ...beside('filling, once', 'ms', ({ ready: { buildMs } }) => buildMs),
    ...(rawBytes < PLAIN_BYTES
      ? []
      : [
          ...own.map(([name, { ready }]) =>
            state(`memory of ${name}, vectors alone`, ready.outsideBytes / rawBytes, RAW, VECTOR_MEMORY),
          ),
          ...beside('memory, all the process grew by', RAW, ({ ready }) => ready.grewBytes / rawBytes),
        ]),
  ];
}
