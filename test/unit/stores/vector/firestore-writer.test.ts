import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { FirestoreClient } from '../../../../shared/stores/firestore-client.ts';
import type { FirestoreChunk } from '../../../../shared/stores/vector/firestore-chunk.ts';
import { createSharedWriter } from '../../../../shared/stores/vector/firestore-writer.ts';

/** A bulk writer that acknowledges what is flushed, and notes in which turn of the event loop it was given what. */
function createRecorder() {
  const requests: { turn: number; size: number }[] = [];
  let turns = 0;
  let size = 0;
  let isClosed = false;
  const bulk = {
    onWriteError: () => undefined,
    async create() {
      if (isClosed) throw new Error('closed');
      size += 1;
    },
    async flush() {
      requests.push({ turn: turns, size });
      size = 0;
    },
    async close() {
      isClosed = true;
    },
  };
  const sdk = { FieldValue: { vector: (values: number[]) => values } };
  const client = {
    run: (operation: (connection: unknown) => Promise<unknown>) =>
      operation({ firestore: { bulkWriter: () => bulk }, sdk }),
    close: async () => undefined,
  } as unknown as FirestoreClient;
  const writer = createSharedWriter({ client, throttling: false });
  const collection = { doc: (id: string) => id } as never;
  return {
    requests,
    writer,
    write: (chunks: FirestoreChunk[]) => writer.use((to) => to.write(chunks, collection, new Date(0)), undefined),
    /** Counts turns until `work` is done. */
    async watch<T>(work: Promise<T>): Promise<T> {
      let isDone = false;
      const done = work.finally(() => {
        isDone = true;
      });
      while (!isDone) {
        await turn();
        turns += 1;
      }
      return done;
    },
  };
}

function toChunks(count: number, content = 'text'): FirestoreChunk[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `chunk-${index}`,
    documentId: 'document',
    tenant: null,
    index,
    content,
    contentHash: 'hash',
    embeddingModel: 'model',
    metadata: {},
    embedding: new Float32Array(4),
  }));
}

test('each request has a turn of the event loop to itself, whoever writes', async () => {
  const { requests, write, watch } = createRecorder();
  const outcomes = await watch(Promise.all([write(toChunks(50)), write(toChunks(30))]));
  expect(outcomes.map((written) => written.filter(({ error }) => error === undefined).length)).toEqual([50, 30]);
  expect(requests.map(({ size }) => size).sort()).toEqual([10, 10, 20, 20, 20]);
  expect(new Set(requests.map((request) => request.turn)).size).toBe(5);
});

test('a request holds at most 3 MiB', async () => {
  const { requests, write, watch } = createRecorder();
  await watch(write(toChunks(8, 'x'.repeat(1_000_000))));
  expect(requests.map(({ size }) => size)).toEqual([3, 3, 2]);
});

test('a writer that is closed first takes what it was asked to write', async () => {
  const { requests, writer, write, watch } = createRecorder();
  const writing = write(toChunks(100));
  const [outcomes] = await watch(Promise.all([writing, writer.close()]));
  expect(outcomes.every(({ error }) => error === undefined)).toBe(true);
  expect(requests).toHaveLength(5);
});
