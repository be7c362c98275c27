import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { CONTENDERS, type ContenderName } from '../search/contenders.ts';
import { createRandom, fillVector, makeQueries, TOP_K, VECTOR_SEED } from '../search/data.ts';

/**
 * One contender of the search bench, in a process of its own: fills its store, and then measures when it is told to.
 *
 *   node --expose-gc index.js PEERS NAME COUNT DIMENSIONS
 */
export interface Filled {
  readonly buildMs: number;
  /** How much the process grew, in bytes that are resident: everything that is kept with a vector counts. */
  readonly grewBytes: number;
  /** The part of it that is not in the heap of JavaScript. */
  readonly outsideBytes: number;
  /** For each of the queries, the rows it found. */
  readonly found: readonly (readonly number[])[];
}

export interface Measured {
  /** Of the processor's time, so that a machine with other things to do counts against nobody. */
  readonly perSecond: number;
}

export type Order = { readonly measure: 'all' | 'onePercent' };

const BATCH = 500;
const MEASURE_MS = 250;
/** V8 gives the pages that a collection emptied back in the background: read at once, they count as grown, or not, by chance. */
const SETTLE_MS = 500;

const [, , peers = '', name = '', count = '0', dimensions = '0'] = process.argv;
const size = { count: Number(count), dimensions: Number(dimensions) };
const require = createRequire(join(peers, 'package.json'));
const load = async <Module>(specifier: string): Promise<Module> =>
  (await import(pathToFileURL(require.resolve(specifier)).href)) as Module;

const contender = await CONTENDERS[name as ContenderName](size, load);
const collect = (globalThis as { gc?: () => void }).gc ?? (() => undefined);
const random = createRandom(VECTOR_SEED);
// All contenders copy what they are given, so the same arrays serve every batch and count for nobody.
const arrays = Array.from({ length: BATCH }, () => new Float32Array(size.dimensions));
for (const array of arrays) fillVector(createRandom(0), array);
const before = await memoryOnceSettled();
let buildMs = 0;
for (let row = 0; row < size.count; row += BATCH) {
  const vectors = arrays.slice(0, size.count - row).map((array) => fillVector(random, array));
  const startedAt = performance.now();
  await contender.add(vectors, row);
  buildMs += performance.now() - startedAt;
}
const after = await memoryOnceSettled();
const grewBytes = after.rss - before.rss;
const outsideBytes = grewBytes - (after.heapTotal - before.heapTotal);
const queries = makeQueries(size.dimensions);
const found: (readonly number[])[] = [];
for (const query of queries) found.push(await contender.search(query, TOP_K));
process.send?.({ buildMs, grewBytes, outsideBytes, found } satisfies Filled);

process.on('message', (order: Order) => {
  void measure(order).then((measured) => process.send?.(measured));
});

async function memoryOnceSettled(): Promise<NodeJS.MemoryUsage> {
  collect();
  await setTimeout(SETTLE_MS);
  return process.memoryUsage();
}

async function measure({ measure: what }: Order): Promise<Measured> {
  let asked = 0;
  const before = process.cpuUsage();
  const startedAt = performance.now();
  while (performance.now() - startedAt < MEASURE_MS) {
    const query = queries[asked % queries.length] as Float32Array;
    if (what === 'all') await contender.search(query, TOP_K);
    else await contender.searchOnePercent?.(query, TOP_K);
    asked += 1;
  }
  const { user, system } = process.cpuUsage(before);
  return { perSecond: (1_000_000 * asked) / (user + system) };
}
