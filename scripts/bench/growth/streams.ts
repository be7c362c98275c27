import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { buildBenchServers } from '../bench-servers.ts';
import { installGatewayPeers } from '../gateway-peers.ts';
import { type Gateways, startGateways } from '../gateways.ts';
import { openStreams } from '../open-streams.ts';
import type { BenchOptions, BenchRow } from '../part.ts';
import type { MemoryReading } from '../servers/memory-probe.ts';
import { runSizes, toGrowthRows } from './sizes.ts';

const STREAMS = [10, 100, 1_000] as const;
/** Ten streams take less memory than the rest of the process varies by. */
const MEASURABLE = STREAMS.slice(1);
const WATCHED_MS = 2_000;
const SETTLED_BYTES = 16_384;
const MOST_READINGS = 100;

/** What a stream costs while others are under way: each gets a chunk every 100 milliseconds. */
export async function measureStreams(options: BenchOptions): Promise<BenchRow[]> {
  const reading = join(options.scratch, 'memory.json');
  const probe = pathToFileURL(
    join((await buildBenchServers((await installGatewayPeers()).directory))('memory-probe'), 'index.js'),
  );
  probe.searchParams.set('file', reading);
  const gateways = await startGateways({
    scratch: options.scratch,
    only: ['Sluice'],
    nodeArguments: ['--expose-gc', `--import=${probe.href}`],
  });
  try {
    const { cpu, memory } = await runSizes(STREAMS, (count) => watch(gateways, count, reading), options);
    const shared = {
      at: (count: number): string => `${count.toLocaleString('en-US')} streams under way`,
      growing: 'the number of streams',
      atMost: 0.1,
    };
    return [
      ...toGrowthRows(cpu, STREAMS, { what: 'CPU of one chunk', unit: 'µs', ...shared }),
      ...toGrowthRows(memory, MEASURABLE, { what: 'live memory of one stream', unit: 'KB', ...shared }),
    ];
  } finally {
    await gateways.stop();
  }
}

async function watch(gateways: Gateways, count: number, file: string): Promise<Record<'cpu' | 'memory', number>> {
  const { server, toRequest } = gateways.get('Sluice');
  const request = toRequest({ vendor: 'openai', stream: true, prompt: '[endless]' });
  const emptyBytes = await settledBytes(server.pid, file);
  const streams = await openStreams(server.url, request as NonNullable<typeof request>, count);
  try {
    const [chunksBefore, cpuBefore] = [streams.chunks, server.cpuMicros()];
    await delay(WATCHED_MS);
    const cpu = (server.cpuMicros() - cpuBefore) / (streams.chunks - chunksBefore);
    const memory = ((await liveBytes(server.pid, file)) - emptyBytes) / count / 1024;
    return { cpu, memory };
  } finally {
    await streams.close();
    await untilLeft(gateways, count);
  }
}

/** The next measurement begins when nobody is busy with saying goodbye. */
async function untilLeft({ upstream }: Gateways, count: number): Promise<void> {
  const giveUpAt = Date.now() + 10_000;
  for (let left = 0; left < count; ) {
    if (Date.now() > giveUpAt) throw new Error(`Of ${count} streams, ${left} were let go within ten seconds.`);
    await delay(50);
    left += ((await (await fetch(`${upstream.url}/left`)).json()) as number[]).length;
  }
}

/** What is in use when what went before is gone: sockets and log lines outlive their stream a little. */
async function settledBytes(pid: number, file: string): Promise<number> {
  let last = await liveBytes(pid, file);
  for (let readings = 0; readings < MOST_READINGS; readings += 1) {
    await delay(100);
    const next = await liveBytes(pid, file);
    if (Math.abs(next - last) < SETTLED_BYTES) return next;
    last = next;
  }
  throw new Error('The memory of the gateway does not settle while nobody asks it anything.');
}

/** What is in use after a collection, inside the heap and outside of it. */
async function liveBytes(pid: number, file: string): Promise<number> {
  await rm(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  const giveUpAt = Date.now() + 10_000;
  while (true) {
    try {
      const { heapUsed, external } = JSON.parse(await readFile(file, 'utf8')) as MemoryReading;
      return heapUsed + external;
    } catch (error) {
      if (Date.now() > giveUpAt) throw new Error('The gateway does not tell its memory.', { cause: error });
      await delay(10);
    }
  }
}
