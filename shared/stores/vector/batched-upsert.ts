import type { AppError } from '../../contracts/app-error.ts';
import { toAppError } from '../../contracts/app-error.ts';
import type { Chunk, UpsertReport } from '../../contracts/vector-store.ts';

/** A 32-bit float as JSON text, which has the digits of a 64-bit one, and its separator. */
const BYTES_PER_SENT_DIMENSION = 22;
const FIXED_BYTES = 512;

export interface BatchLimits {
  readonly maxChunks: number;
  /** Of the texts, the metadata and the vectors together; a chunk above it travels alone. */
  readonly maxBytes: number;
}

/** Cuts chunks into requests of bounded size, in their order. */
export function toBatches(chunks: readonly Chunk[], { maxChunks, maxBytes }: BatchLimits): Chunk[][] {
  const batches: Chunk[][] = [];
  let batch: Chunk[] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    const size = sentBytes(chunk);
    if (batch.length > 0 && (batch.length === maxChunks || bytes + size > maxBytes)) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(chunk);
    bytes += size;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

/**
 * Stores batch after batch, for backends that take or refuse a batch as a whole. A batch refused for what is in it is
 * halved until the chunks at fault stand alone, and these are reported. Any other failure ends the call: what had been
 * stored by then is reported as stored, the rest as failed.
 *
 * @throws AppError when nothing was stored and the fault is not in the chunks, and when the caller has left.
 */
export async function storeBatches(
  batches: readonly (readonly Chunk[])[],
  store: (batch: readonly Chunk[]) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<UpsertReport> {
  const upserted: string[] = [];
  const failed: { id: string; error: AppError }[] = [];
  const waiting = [...batches].reverse();
  for (let batch = waiting.pop(); batch !== undefined; batch = waiting.pop()) {
    try {
      await store(batch);
      upserted.push(...batch.map(({ id }) => id));
    } catch (thrown) {
      const error = toAppError(thrown, signal);
      if (isFaultOfChunks(error) && batch.length > 1) {
        const middle = Math.ceil(batch.length / 2);
        waiting.push(batch.slice(middle), batch.slice(0, middle));
      } else if (isFaultOfChunks(error)) {
        failed.push(...batch.map(({ id }) => ({ id, error })));
      } else {
        if (upserted.length === 0 || error.code === 'cancelled') throw error;
        failed.push(...[batch, ...waiting.splice(0).reverse()].flat().map(({ id }) => ({ id, error })));
      }
    }
  }
  return { upserted, failed };
}

function isFaultOfChunks({ code }: AppError): boolean {
  return code === 'invalid_request' || code === 'too_large';
}

function sentBytes(chunk: Chunk): number {
  return (
    FIXED_BYTES +
    Buffer.byteLength(chunk.content) +
    Buffer.byteLength(JSON.stringify(chunk.metadata)) +
    chunk.embedding.length * BYTES_PER_SENT_DIMENSION
  );
}
