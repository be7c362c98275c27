import type { Filter } from '../../contracts/filter.ts';
import type { StoredChunk } from '../../contracts/vector-store.ts';
import { compareText } from '../../text/text-order.ts';
import { dotProductOfRow, dotProducts, inverseNorm, normalise } from './exact-search.ts';
import { compileFilter } from './filter.ts';
import { reachesMinScore, toCosineScore } from './score.ts';
import { createTopK } from './top-k.ts';

const FIRST_CAPACITY = 16;
/** Above this share of matching rows one sequential scan is faster than visiting the matching rows. */
const GATHER_SHARE = 0.4;

export interface BlockSearch {
  readonly vector: Float32Array;
  readonly topK: number;
  readonly minScore: number | undefined;
  readonly filter: Filter | undefined;
}

/** The chunks of one collection and tenant: vectors in one flat array, everything else beside it, by row. */
export interface VectorBlock {
  readonly size: number;
  chunks(): Iterable<StoredChunk>;
  has(id: string): boolean;
  get(id: string): StoredChunk | undefined;
  put(chunk: StoredChunk, embedding: Float32Array): void;
  remove(id: string): boolean;
  idsOfDocument(documentId: string): string[];
  idsMatching(filter: Filter): string[];
  /** A copy of the vector as it was put. */
  embeddingOf(id: string): Float32Array;
  search(search: BlockSearch): { chunk: StoredChunk; score: number }[];
}

export function createVectorBlock(dimensions: number): VectorBlock {
  const chunks: StoredChunk[] = [];
  const rowById = new Map<string, number>();
  const idsByDocument = new Map<string, Set<string>>();
  // The vectors stay as they came, so that they can be handed out again; the cosine takes one factor per row instead.
  let rows = new Float32Array(FIRST_CAPACITY * dimensions);
  let inverseNorms = new Float64Array(FIRST_CAPACITY);
  let products = new Float64Array(0);

  const grow = (): void => {
    const capacity = inverseNorms.length * 2;
    const widerRows = new Float32Array(capacity * dimensions);
    widerRows.set(rows);
    rows = widerRows;
    const widerNorms = new Float64Array(capacity);
    widerNorms.set(inverseNorms);
    inverseNorms = widerNorms;
  };

  const forgetDocument = (chunk: StoredChunk): void => {
    const ids = idsByDocument.get(chunk.documentId);
    ids?.delete(chunk.id);
    if (ids?.size === 0) idsByDocument.delete(chunk.documentId);
  };

  const isAfter = (left: number, right: number): boolean =>
    compareText((chunks[left] as StoredChunk).id, (chunks[right] as StoredChunk).id) > 0;

  const matchingRows = (filter: Filter): number[] => {
    const matches = compileFilter(filter);
    const found: number[] = [];
    for (let row = 0; row < chunks.length; row += 1) {
      if (matches((chunks[row] as StoredChunk).metadata)) found.push(row);
    }
    return found;
  };

  return {
    get size() {
      return chunks.length;
    },
    chunks: () => chunks,
    has: (id) => rowById.has(id),
    get(id) {
      const row = rowById.get(id);
      return row === undefined ? undefined : chunks[row];
    },
    put(chunk, embedding) {
      let row = rowById.get(chunk.id);
      if (row === undefined) {
        row = chunks.length;
        if (row === inverseNorms.length) grow();
        rowById.set(chunk.id, row);
      } else {
        forgetDocument(chunks[row] as StoredChunk);
      }
      chunks[row] = chunk;
      rows.set(embedding, row * dimensions);
      inverseNorms[row] = inverseNorm(embedding);
      const ids = idsByDocument.get(chunk.documentId);
      if (ids === undefined) idsByDocument.set(chunk.documentId, new Set([chunk.id]));
      else ids.add(chunk.id);
    },
    remove(id) {
      const row = rowById.get(id);
      if (row === undefined) return false;
      const last = chunks.length - 1;
      forgetDocument(chunks[row] as StoredChunk);
      rowById.delete(id);
      const moved = chunks.pop() as StoredChunk;
      if (row !== last) {
        chunks[row] = moved;
        rowById.set(moved.id, row);
        rows.copyWithin(row * dimensions, last * dimensions, (last + 1) * dimensions);
        inverseNorms[row] = inverseNorms[last] as number;
      }
      return true;
    },
    idsOfDocument: (documentId) => [...(idsByDocument.get(documentId) ?? [])],
    idsMatching: (filter) => matchingRows(filter).map((row) => (chunks[row] as StoredChunk).id),
    embeddingOf(id) {
      const row = rowById.get(id) ?? 0;
      return rows.slice(row * dimensions, (row + 1) * dimensions);
    },
    search({ vector, topK, minScore, filter }) {
      const query = normalise(vector);
      const best = createTopK({ limit: topK, isAfter });
      const offer = (row: number, product: number): void => {
        const score = toCosineScore(product * (inverseNorms[row] as number));
        if (reachesMinScore(score, minScore)) best.offer(row, score);
      };
      const matching = filter === undefined ? undefined : matchingRows(filter);
      if (matching !== undefined && matching.length < chunks.length * GATHER_SHARE) {
        for (const row of matching) offer(row, dotProductOfRow(rows, row, query));
      } else {
        if (products.length < chunks.length) products = new Float64Array(inverseNorms.length);
        dotProducts(rows, chunks.length, query, products);
        if (matching === undefined) {
          for (let row = 0; row < chunks.length; row += 1) offer(row, products[row] as number);
        } else {
          for (const row of matching) offer(row, products[row] as number);
        }
      }
      return best.drain().map(({ row, score }) => ({ chunk: chunks[row] as StoredChunk, score }));
    },
  };
}
