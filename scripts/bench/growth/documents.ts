import { join } from 'node:path';
import { buildBenchServers } from '../bench-servers.ts';
import { installGatewayPeers } from '../gateway-peers.ts';
import type { BenchOptions, BenchRow } from '../part.ts';
import type { StoreThing, StoreTimes } from '../servers/memory-store.ts';
import { startWorker, type WorkerProcess } from '../worker-process.ts';
import { type Grown, runSizes, toGrowthRows } from './sizes.ts';

const PASSAGES = [1_000, 10_000, 100_000] as const;
const DIMENSIONS = 384;

const THINGS: Readonly<Record<StoreThing, Pick<Grown, 'what' | 'atMost'>>> = {
  put: { what: 'CPU of putting in one passage', atMost: 0.1 },
  analyse: { what: 'CPU of analysing the words of one passage', atMost: 0.1 },
  vector: { what: 'CPU of one search by vector', atMost: 1 },
  filtered: { what: 'CPU of one search by vector among one percent', atMost: 1 },
  lexical: { what: 'CPU of one search by words', atMost: 1 },
  hybrid: { what: 'CPU of one hybrid search', atMost: 1 },
};

/** What passages in the memory store cost, to put in and to search, as there are more of them. */
export async function measureDocuments(options: BenchOptions): Promise<BenchRow[]> {
  const script = join((await buildBenchServers((await installGatewayPeers()).directory))('memory-store'), 'index.js');
  const workers = new Map<number, WorkerProcess<object, object, StoreTimes>>();
  try {
    for (const size of PASSAGES) workers.set(size, await startWorker(script, [String(size), String(DIMENSIONS)]));
    const times = await runSizes(
      PASSAGES,
      (size) => (workers.get(size) as WorkerProcess<object, object, StoreTimes>).ask({}),
      options,
    );
    const at = (size: number): string => `${size.toLocaleString('en-US')} × ${DIMENSIONS} in memory`;
    return Object.entries(THINGS).flatMap(([thing, { what, atMost }]) =>
      toGrowthRows(times[thing as StoreThing], PASSAGES, {
        what,
        atMost,
        at,
        unit: 'µs',
        growing: 'the number of passages',
      }),
    );
  } finally {
    for (const worker of workers.values()) worker.stop();
  }
}
