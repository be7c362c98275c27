import type { BulkWriter, CollectionReference, DocumentReference } from '@google-cloud/firestore';
import type { AppError } from '../../contracts/app-error.ts';
import { GRPC, grpcStatus } from '../../resilience/grpc-status.ts';
import type { FirestoreClient, FirestoreConnection } from '../firestore-client.ts';
import { fromFirestoreError } from '../firestore-errors.ts';
import { toTenantKey } from '../firestore-keys.ts';
import { type FirestoreChunk, sentBytes, toDocument } from './firestore-chunk.ts';

/** Most writes that are under way before their answers are awaited. */
export const WINDOW_SIZE = 500;
/** Requests stay well below Firestore's 10 MiB and the emulator's 4 MiB, above which it never answers. */
const MAX_REQUEST_BYTES = 3 * 1_048_576;
/** Most writes that the client puts into one request. */
const REQUEST_SIZE = 20;
const MAX_ATTEMPTS = 5;

export interface WriteOutcome {
  readonly id: string;
  readonly error?: AppError;
}

export interface FirestoreWriter {
  /** Creates or replaces at most `WINDOW_SIZE` documents, and resolves when Firestore acknowledged or refused each. */
  write(chunks: readonly FirestoreChunk[], collection: CollectionReference, time: Date): Promise<WriteOutcome[]>;
  /** Deletes documents; resolves to how many of them existed. */
  delete(references: readonly DocumentReference[]): Promise<number>;
  /** Resolves when the last write has its answer. */
  close(): Promise<void>;
}

export interface SharedWriter {
  use<T>(
    operation: (writer: FirestoreWriter, connection: FirestoreConnection) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T>;
  close(): Promise<void>;
}

export interface SharedWriterOptions {
  readonly client: FirestoreClient;
  /** Firestore wants new traffic to ramp up from 500 writes per second; its emulator does not. */
  readonly throttling: boolean;
}

/**
 * One writer for all calls of a store, because the pace it keeps is that of the database and not of one call. A call
 * that gives up may leave it clogged, so the calls after that get a fresh one, and the old one is closed by its last user.
 */
export function createSharedWriter({ client, throttling }: SharedWriterOptions): SharedWriter {
  interface Lease {
    readonly writer: FirestoreWriter;
    users: number;
  }
  let current: Lease | undefined;

  const release = (lease: Lease): void => {
    lease.users -= 1;
    if (lease !== current && lease.users === 0) lease.writer.close().catch(() => undefined);
  };

  return {
    async use(operation, signal) {
      let lease: Lease | undefined;
      try {
        return await client.run(
          (connection) => {
            current ??= { writer: createFirestoreWriter(connection, throttling), users: 0 };
            lease = current;
            lease.users += 1;
            return operation(lease.writer, connection);
          },
          { signal },
        );
      } catch (error) {
        if (lease === current) current = undefined;
        throw error;
      } finally {
        if (lease !== undefined) release(lease);
      }
    },
    async close() {
      const lease = current;
      current = undefined;
      await lease?.writer.close();
    },
  };
}

/** Bulk writes with one answer per document. */
function createFirestoreWriter({ firestore, sdk }: FirestoreConnection, throttling: boolean): FirestoreWriter {
  const bulk: BulkWriter = firestore.bulkWriter({ throttling });
  bulk.onWriteError(({ code, failedAttempts }) => isPassing(code) && failedAttempts < MAX_ATTEMPTS);

  const underWay = new Set<Promise<unknown>>();
  let turn: Promise<void> = Promise.resolve();

  /** The client encodes whatever it was given in one go, so each request waits for a turn of the event loop to itself. */
  const nextTurn = (): Promise<void> => {
    turn = turn.then(() => new Promise((resolve) => setImmediate(resolve)));
    return turn;
  };

  /** Starts the writes of one kind, request by request, and waits for all of them. */
  const writeAll = async (
    chunks: readonly FirestoreChunk[],
    start: (chunk: FirestoreChunk) => Promise<unknown>,
  ): Promise<WriteStatus[]> => {
    const pending: Promise<WriteStatus>[] = [];
    for (const request of toRequests(chunks)) {
      await nextTurn();
      pending.push(...request.map((chunk) => statusOf(start(chunk))));
      void bulk.flush();
    }
    return Promise.all(pending);
  };

  const write: FirestoreWriter['write'] = async (chunks, collection, time) => {
    const reference = ({ id, tenant }: FirestoreChunk): DocumentReference => collection.doc(toTenantKey(id, tenant));
    const statuses = new Map<FirestoreChunk, WriteStatus | undefined>();
    let waiting = chunks;
    for (let attempt = 1; waiting.length > 0 && attempt <= MAX_ATTEMPTS; attempt += 1) {
      // Nearly every chunk is new, so it is created without asking first. What exists is replaced in a second round that
      // leaves `createdAt` alone: cheaper than reading each chunk before it is written.
      const created = await writeAll(waiting, (chunk) =>
        bulk.create(reference(chunk), { ...toDocument(chunk, sdk, time), createdAt: time }),
      );
      for (const [position, chunk] of waiting.entries()) statuses.set(chunk, created[position]);
      const existing = waiting.filter((chunk) => grpcStatus(statuses.get(chunk)?.error) === GRPC.alreadyExists);
      const replaced = await writeAll(existing, (chunk) => bulk.update(reference(chunk), toDocument(chunk, sdk, time)));
      // What somebody else deleted between the two rounds is new again.
      waiting = existing.filter((chunk, position) => {
        const isGone = grpcStatus(replaced[position]?.error) === GRPC.notFound;
        if (!isGone) statuses.set(chunk, replaced[position]);
        return isGone;
      });
    }
    return chunks.map((chunk) => toOutcome(chunk.id, statuses.get(chunk)));
  };

  return {
    write(chunks, collection, time) {
      const written = write(chunks, collection, time).finally(() => underWay.delete(written));
      underWay.add(written);
      return written;
    },

    async delete(references) {
      const pending = references.map((reference) => statusOf(bulk.delete(reference, { exists: true })));
      void bulk.flush();
      const statuses = await Promise.all(pending);
      const failed = statuses.find(({ error }) => error !== undefined && grpcStatus(error) !== GRPC.notFound);
      if (failed !== undefined) throw failed.error;
      return statuses.filter(({ error }) => error === undefined).length;
    },

    async close() {
      // A writer that is closed takes no more, and those may still have requests to give it.
      await Promise.allSettled(underWay);
      await bulk.close();
    },
  };
}

/** Cuts chunks into requests of bounded size, in their order. */
function toRequests(chunks: readonly FirestoreChunk[]): FirestoreChunk[][] {
  const requests: FirestoreChunk[][] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    const size = sentBytes(chunk);
    const request = requests.at(-1);
    if (request !== undefined && request.length < REQUEST_SIZE && bytes + size <= MAX_REQUEST_BYTES) {
      request.push(chunk);
      bytes += size;
    } else {
      requests.push([chunk]);
      bytes = size;
    }
  }
  return requests;
}

interface WriteStatus {
  readonly error?: unknown;
}

function statusOf(write: Promise<unknown>): Promise<WriteStatus> {
  return write.then(
    () => ({}),
    (error: unknown) => ({ error }),
  );
}

function toOutcome(id: string, status: WriteStatus | undefined): WriteOutcome {
  return status?.error === undefined ? { id } : { id, error: fromFirestoreError(status.error) };
}

function isPassing(code: number): boolean {
  return code === GRPC.aborted || code === GRPC.unavailable;
}
