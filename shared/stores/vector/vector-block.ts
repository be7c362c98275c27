import type { Filter } from '../../contracts/filter.ts';
import type { StoredChunk } from '../../contracts/vector-store.ts';
import { compareText } from '../../text/text-order.ts';
import { createFieldIndex } from './field-index.ts';
import { compileFilter } from './filter.ts';
import { createPlainRows } from './plain-rows.ts';
import { reachesMinScore } from './score.ts';
import { SEGMENT_ROWS, type SimdMemory } from './simd-memory.ts';
import { createSimdRows } from './simd-rows.ts';
import { type BestRows, createTopK } from './top-k.ts';
import type { VectorMeasure } from './vector-measure.ts';
import type { VectorRows } from './vector-rows.ts';

/** Above this share of matching rows, going through all of them is faster than visiting those that match. */
const VISIT_SHARE = 0.2;
/** Rows that are asked first whether a filter without a list of its rows leaves many or few. */
const SAMPLE_ROWS = 200;
/** Above this share of matching rows, only those are asked that would be results. */
const ASK_LATE_SHARE = 0.1;

export interface BlockSearch {
  readonly vector: Float32Array;
  readonly topK: number;
  readonly minScore: number | undefined;
  readonly filter: Filter | undefined;
}

/** The chunks of one collection and tenant: vectors apart, everything else beside them, by row. */
export interface VectorBlock {
  readonly size: number;
  /** In the order they were put in last. */
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
  /** Segments of memory that so many chunks more take. */
  segmentsFor(added: number): number;
  /** Gives its memory back; the block is not used again. */
  release(): void;
}

export interface VectorBlockOptions {
  readonly dimensions: number;
  readonly measure: VectorMeasure;
  /** Where the vectors of larger blocks are kept; undefined keeps all of them in plain arrays. */
  readonly memory: SimdMemory | undefined;
}

export function createVectorBlock({ dimensions, measure, memory }: VectorBlockOptions): VectorBlock {
  const chunks: StoredChunk[] = [];
  /** In the order of the last put. */
  const rowById = new Map<string, number>();
  const idsByDocument = new Map<string, Set<string>>();
  const fields = createFieldIndex(chunks);
  let rows: VectorRows = createPlainRows(dimensions, measure);
  let isPlain = true;

  /** Small blocks, of which there may be one per tenant, take no more memory than they need. */
  const moveToMemory = (target: SimdMemory): void => {
    const moved = createSimdRows(target, { measure, dimensions, likely: rows });
    for (let row = 0; row < rows.size; row += 1) moved.set(row, rows.vectorAt(row));
    rows = moved;
    isPlain = false;
  };

  const forgetDocument = (chunk: StoredChunk): void => {
    const ids = idsByDocument.get(chunk.documentId);
    ids?.delete(chunk.id);
    if (ids?.size === 0) idsByDocument.delete(chunk.documentId);
  };

  const isAfter = (left: number, right: number): boolean =>
    compareText((chunks[left] as StoredChunk).id, (chunks[right] as StoredChunk).id) > 0;

  const everyRow = (matches: (row: number) => boolean): number[] => {
    const found: number[] = [];
    for (let row = 0; row < chunks.length; row += 1) if (matches(row)) found.push(row);
    return found;
  };

  const toRowTest = (filter: Filter): ((row: number) => boolean) => {
    const matches = compileFilter(filter);
    return (row) => matches((chunks[row] as StoredChunk).metadata);
  };

  const shareOf = (matches: (row: number) => boolean): number => {
    const step = Math.max(1, Math.floor(chunks.length / SAMPLE_ROWS));
    let asked = 0;
    let matching = 0;
    for (let row = 0; row < chunks.length; row += step) {
      asked += 1;
      if (matches(row)) matching += 1;
    }
    return matching / asked;
  };

  /** Rows to look at, and what those among them that are good enough have to pass. */
  const select = (filter: Filter | undefined): { rows?: readonly number[]; passes?: (row: number) => boolean } => {
    if (filter === undefined) return {};
    const listed = fields.rowsOf(filter);
    const passes = toRowTest(filter);
    if (listed !== undefined) return listed.length < chunks.length * VISIT_SHARE ? { rows: listed } : { passes };
    return shareOf(passes) > ASK_LATE_SHARE ? { passes } : { rows: everyRow(passes) };
  };

  return {
    get size() {
      return chunks.length;
    },
    *chunks() {
      for (const row of rowById.values()) yield chunks[row] as StoredChunk;
    },
    has: (id) => rowById.has(id),
    get(id) {
      const row = rowById.get(id);
      return row === undefined ? undefined : chunks[row];
    },
    put(chunk, embedding) {
      const known = rowById.get(chunk.id);
      const row = known ?? chunks.length;
      if (isPlain && memory !== undefined && row >= SEGMENT_ROWS) moveToMemory(memory);
      rows.set(row, embedding);
      const replaced = chunks[row];
      chunks[row] = chunk;
      rowById.delete(chunk.id);
      rowById.set(chunk.id, row);
      if (replaced !== undefined) {
        forgetDocument(replaced);
        fields.remove(replaced.metadata);
      }
      fields.add(row, chunk.metadata);
      const ids = idsByDocument.get(chunk.documentId);
      if (ids === undefined) idsByDocument.set(chunk.documentId, new Set([chunk.id]));
      else ids.add(chunk.id);
    },
    remove(id) {
      const row = rowById.get(id);
      if (row === undefined) return false;
      const removed = chunks[row] as StoredChunk;
      const last = chunks.pop() as StoredChunk;
      rows.remove(row);
      rowById.delete(id);
      forgetDocument(removed);
      if (removed !== last) {
        chunks[row] = last;
        // An entry that is there already keeps its place in the order.
        rowById.set(last.id, row);
        fields.remove(last.metadata);
        fields.add(row, last.metadata);
      }
      fields.remove(removed.metadata);
      return true;
    },
    idsOfDocument: (documentId) => [...(idsByDocument.get(documentId) ?? [])],
    idsMatching: (filter) =>
      (fields.rowsOf(filter) ?? everyRow(toRowTest(filter))).map((row) => (chunks[row] as StoredChunk).id),
    embeddingOf: (id) => rows.vectorAt(rowById.get(id) ?? 0),
    search({ vector, topK, minScore, filter }) {
      const { rows: selected, passes } = select(filter);
      const kept = createTopK({ limit: topK, isAfter });
      const lowest = minScore === undefined ? Number.NEGATIVE_INFINITY : measure.toLowestValue(minScore);
      const best: BestRows = {
        get bar() {
          return Math.max(lowest, kept.bar);
        },
        offer(row, value) {
          if (value < kept.bar || !reachesMinScore(measure.toScore(value), minScore)) return;
          if (passes === undefined || passes(row)) kept.offer(row, value);
        },
      };
      rows.search({ query: vector, best, rows: selected });
      return kept
        .drain()
        .map(({ row, score }) => ({ chunk: chunks[row] as StoredChunk, score: measure.toScore(score) }))
        .sort(byScore);
    },
    segmentsFor: (added) => segmentsOf(chunks.length + added) - (isPlain ? 0 : Math.ceil(rows.size / SEGMENT_ROWS)),
    release() {
      rows.release();
    },
  };
}

/** Values that differ may be one and the same score. */
function byScore(left: { chunk: StoredChunk; score: number }, right: { chunk: StoredChunk; score: number }): number {
  return right.score - left.score || compareText(left.chunk.id, right.chunk.id);
}

/** Segments of memory that a block of so many chunks takes, if there is memory. Small ones are kept in plain arrays. */
export function segmentsOf(size: number): number {
  return size <= SEGMENT_ROWS ? 0 : Math.ceil(size / SEGMENT_ROWS);
}
