/**
 * The built gateway under the functions framework, on the loopback address, in a process that can be asked what it holds:
 * `serve-gateway.ts DIRECTORY`. Needs `--expose-gc`, since only what survives a collection is held.
 */
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { getTestServer } from '@google-cloud/functions-framework/testing';

/** What a process holds on to after a collection. Memory in bytes. */
export interface Held {
  readonly resident: number;
  /** Objects, and what is outside of the heap: buffers. */
  readonly heap: number;
  readonly external: number;
  /** Processor time of the process so far, in milliseconds. */
  readonly cpuMs: number;
  /** What keeps an event loop alive, by kind: `TCPSocketWrap`, `Timeout`, … */
  readonly resources: Readonly<Record<string, number>>;
}

const [directory = ''] = process.argv.slice(2);
await import(pathToFileURL(join(directory, 'gateway', 'index.js')).href);
const server = getTestServer('gateway');
server.setTimeout(0);
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => process.send?.(server.address()));

process.on('message', async (message) => {
  if (message !== 'measure') return;
  // The second finds what the finalizers of the first let go of.
  for (let turn = 0; turn < 3; turn += 1) {
    globalThis.gc?.();
    await nextTurn();
  }
  const { rss: resident, heapUsed: heap, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const resources: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
  process.send?.({ resident, heap, external, cpuMs: (user + system) / 1000, resources } satisfies Held);
});
// A parent that is gone leaves nobody to serve.
process.on('disconnect', () => process.exit(0));
