import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { BulkWriter } from '@google-cloud/firestore';
import { afterEach, expect, it, vi } from 'vitest';
import type { VectorStore } from '../../../../shared/contracts/vector-store.ts';
import { createFirestoreVectorStore } from '../../../../shared/stores/vector/firestore.ts';
import { freshCollection } from '../../../contracts/vector-store-harness.ts';
import { makeChunk } from '../../../contracts/vectors.ts';
import { describeWithFirestore, EMULATOR_PROJECT } from '../../../support/services.ts';

const scope = { collection: 'default', tenant: null };
const vector = Float32Array.of(1, 0);

describeWithFirestore('the Firestore vector store in trouble', (emulatorHost) => {
  const opened: { store?: VectorStore; proxy?: Proxy } = {};
  afterEach(async () => {
    await opened.store?.close();
    await opened.proxy?.close();
  });

  /** A store that reaches the emulator through a proxy. */
  const openThrough = async (proxy: Proxy, timeoutMs = 60_000): Promise<VectorStore> => {
    opened.proxy = proxy;
    vi.stubEnv('FIRESTORE_EMULATOR_HOST', proxy.host);
    const options = { projectId: EMULATOR_PROJECT, emulator: true, dimensions: 2, timeoutMs };
    opened.store = createFirestoreVectorStore({ ...options, collection: freshCollection() });
    return opened.store;
  };

  it('writes and searches after the connection broke on the first attempt', async () => {
    const proxy = await startProxy(emulatorHost, { refuseFirst: 1 });
    const store = await openThrough(proxy);
    await expect(store.upsert([makeChunk('a', vector)], scope)).resolves.toEqual({ upserted: ['a'], failed: [] });
    expect(proxy.refused()).toBe(1);
    await expect(store.query({ vector, topK: 1, ...scope })).resolves.toMatchObject([{ id: 'a' }]);
  });

  it('tries a write again a few times when it was aborted or Firestore was away, and no other write', async () => {
    const store = await openThrough(await startProxy(emulatorHost, { refuseFirst: 0 }));
    const retries = vi.spyOn(BulkWriter.prototype, 'onWriteError');
    await store.upsert([makeChunk('a', vector)], scope);
    const [decide] = retries.mock.calls[0] ?? [];
    const failure = { failedAttempts: 1 } as never as Parameters<NonNullable<typeof decide>>[0];
    expect(decide?.({ ...failure, code: 10 as never })).toBe(true);
    expect(decide?.({ ...failure, code: 14 as never })).toBe(true);
    expect(decide?.({ ...failure, code: 14 as never, failedAttempts: 5 })).toBe(false);
    expect(decide?.({ ...failure, code: 3 as never })).toBe(false);
  });

  it('creates a chunk after all that somebody deleted while it was being replaced', async () => {
    const store = await openThrough(await startProxy(emulatorHost, { refuseFirst: 0 }));
    await store.upsert([makeChunk('a', vector), makeChunk('b', vector)], scope);
    const update = BulkWriter.prototype.update;
    vi.spyOn(BulkWriter.prototype, 'update').mockImplementationOnce(async function (this: BulkWriter, ...given) {
      await given[0].delete();
      const written = update.apply(this, given);
      void this.flush();
      return await written;
    });
    const ids = ['a', 'b', 'c'];
    const report = await store.upsert(
      ids.map((id) => makeChunk(id, vector, { content: 'new' })),
      scope,
    );
    expect(report).toEqual({ upserted: ids, failed: [] });
    const found = await store.query({ vector, topK: 5, ...scope });
    expect(found.map(({ id, content }) => [id, content])).toEqual(ids.map((id) => [id, 'new']));
  });

  it('gives up on a backend that accepts connections and never answers', async () => {
    const store = await openThrough(await startProxy(emulatorHost, { silent: true }), 300);
    const timeout = { code: 'timeout', retryable: true };
    await expect(store.count(scope)).rejects.toMatchObject(timeout);
    await expect(store.query({ vector, topK: 1, ...scope })).rejects.toMatchObject(timeout);
  });

  it('lets a caller go as soon as it cancels', async () => {
    const store = await openThrough(await startProxy(emulatorHost, { silent: true }));
    const controller = new AbortController();
    const search = store.query({ vector, topK: 1, ...scope, signal: controller.signal });
    controller.abort();
    await expect(search).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('serves the next caller after one cancelled its write', async () => {
    const store = await openThrough(await startProxy(emulatorHost, { refuseFirst: 0 }));
    await store.ready();
    const controller = new AbortController();
    const cancelled = store.upsert([makeChunk('a', vector)], { ...scope, signal: controller.signal });
    const concurrent = store.upsert([makeChunk('b', vector), makeChunk('c', vector)], scope);
    controller.abort();
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    await expect(concurrent).resolves.toMatchObject({ upserted: ['b', 'c'] });
    await expect(store.upsert([makeChunk('c', vector), makeChunk('d', vector)], scope)).resolves.toMatchObject({
      upserted: ['c', 'd'],
    });
  });
});

interface Proxy {
  readonly host: string;
  refused(): number;
  close(): Promise<void>;
}

/** A TCP proxy that drops its first connections, or swallows what it is sent. */
async function startProxy(target: string, behaviour: { refuseFirst?: number; silent?: boolean }): Promise<Proxy> {
  const [hostname, port] = target.split(':');
  const sockets = new Set<Socket>();
  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    return socket.once('close', () => sockets.delete(socket));
  };
  let refused = 0;
  const server: Server = createServer((incoming) => {
    track(incoming);
    if (behaviour.silent) return;
    if (refused < (behaviour.refuseFirst ?? 0)) {
      refused += 1;
      incoming.destroy();
      return;
    }
    const outgoing = track(connect(Number(port), hostname));
    incoming.pipe(outgoing).pipe(incoming);
    incoming.once('close', () => outgoing.destroy());
    outgoing.once('close', () => incoming.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    refused: () => refused,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
