import type { BestRows } from './top-k.ts';

/** The vectors of a block, by row; rows have no gaps. */
export interface VectorRows {
  readonly size: number;
  /** Puts a vector into a row, or into the one after the last. */
  set(row: number, vector: Float32Array): void;
  /** The last row takes the place of the one that is removed. */
  remove(row: number): void;
  /** A copy of the vector as it was put. */
  vectorAt(row: number): Float32Array;
  search(search: RowSearch): void;
  /** Gives back what the rows hold on to. They are not used again. */
  release(): void;
}

export interface RowSearch {
  readonly query: Float32Array;
  /** Is offered every row that it would keep, and others perhaps. */
  readonly best: BestRows;
  /** The rows to look at, each once. Default: all. */
  readonly rows?: readonly number[] | undefined;
}
