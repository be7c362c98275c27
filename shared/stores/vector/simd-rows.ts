import { dotProductOfRow, inverseOf, norm, squaredDistanceToRow } from './exact-search.ts';
import { LIST_LENGTH, SEGMENT_ROWS, type SimdMemory } from './simd-memory.ts';
import type { VectorMeasure } from './vector-measure.ts';
import type { RowSearch, VectorRows } from './vector-rows.ts';

/** The kernel's measures. */
const PRODUCT = 0;
const PRODUCT_BY_CODES = 1;
const DISTANCE = 2;

/** The first rows that are looked at all pass a bar that is not there yet, so they are few. */
const FIRST_BATCH = 32;

/**
 * Squared lengths outside of this range would overflow or vanish in the kernel's 32-bit sums. Such vectors are compared
 * here instead, in 64 bits.
 */
const LEAST_SQUARES = 1e-20;
const MOST_SQUARES = 1e20;

const LARGEST_QUERY_CODE = 32_767;
const LARGEST_CODE = 127;
/** Half the distance of two neighbouring 32-bit floats around 1. */
const ROUNDING = 2 ** -24;

/**
 * Rows that the kernel searches: float32 vectors in segments of WebAssembly memory, and beside each vector its codes, its
 * values rounded to 8 bits. A search reads the codes of all rows and the vectors of few, and still is exact.
 *
 * Why: with q the query, c the codes of a row times their step, e = row - c what rounding took away, and p the same for
 * the query's own codes, f = q - p:
 *
 *   q·row = p·c + f·c + q·e  ≤  p·c + |f| |c| + |q| |e|  ≤  p·c + 2 |f| |row| + |q| |e|
 *
 * (Rounding a value never moves it by more than itself, so |e| ≤ |row| and |c| ≤ 2 |row|.) p·c is computed in whole numbers,
 * without error. |e| is kept with the row, |f| is measured with the query. A row is passed over only when the right side,
 * and what 32-bit sums may be off by, lies below the value of the worst row among the best found so far: no row that
 * belongs to the result is ever missed.
 */
export function createSimdRows(memory: SimdMemory, measure: VectorMeasure, dimensions: number): VectorRows {
  const { kernel, vectorBytes, recordBytes, coded, places, found } = memory;
  const segments: number[] = [];
  let size = 0;
  /** Never below the longest of the rows that codes are used for, in units. */
  let longest = 0;
  // A sum of products is off by at most one rounding per addition of a lane, of which there are 16, and a few to add
  // those up and for the bound itself; twice that, to be safe.
  const sumError = 2 * ROUNDING * (dimensions / 16 + 16);

  const recordOf = (row: number): number =>
    (segments[Math.floor(row / SEGMENT_ROWS)] as number) + (row % SEGMENT_ROWS) * recordBytes;
  const vectorOf = (row: number): number =>
    (segments[Math.floor(row / SEGMENT_ROWS)] as number) +
    SEGMENT_ROWS * recordBytes +
    (row % SEGMENT_ROWS) * vectorBytes;
  const viewOf = (row: number): Float32Array => {
    const start = vectorOf(row) / 4;
    return memory.floats().subarray(start, start + dimensions);
  };

  /** Step, error and length of the query's codes, which are left where the kernel reads them. */
  const encodeQuery = (query: Float32Array, length: number): { step: number; slack: number } => {
    const codes = memory.shorts();
    const first = places.queryCodes / 2;
    let largest = 0;
    for (let position = 0; position < dimensions; position += 1) {
      const magnitude = Math.abs(query[position] as number);
      if (magnitude > largest) largest = magnitude;
    }
    // The sum of the products of the codes is at most |query codes| |row codes|, and has to fit in 31 bits.
    const leastStep = (1.01 * length * LARGEST_CODE * Math.sqrt(dimensions)) / 2 ** 31;
    const step = Math.max(largest / LARGEST_QUERY_CODE, leastStep);
    const perStep = inverseOf(step);
    let squares = 0;
    for (let position = 0; position < dimensions; position += 1) {
      const value = query[position] as number;
      const code = Math.round(value * perStep);
      codes[first + position] = code;
      squares += (value - code * step) ** 2;
    }
    return { step, slack: (2 * Math.sqrt(squares) + sumError * length) * longest };
  };

  const plainValue = (row: number, query: Float32Array): number => {
    const vector = viewOf(row);
    const value =
      measure.kind === 'product' ? dotProductOfRow(vector, 0, query) : squaredDistanceToRow(vector, 0, query);
    return value * measure.unitOf(norm(vector));
  };

  return {
    get size() {
      return size;
    },
    set(row, vector) {
      if (row === segments.length * SEGMENT_ROWS) segments.push(memory.take());
      const record = recordOf(row);
      const place = vectorOf(row);
      const length = norm(vector);
      const isOrdinary = length === 0 || (length ** 2 > LEAST_SQUARES && length ** 2 < MOST_SQUARES);
      const unit = isOrdinary ? measure.unitOf(length) : Number.NaN;
      const floats = memory.floats();
      floats.set(vector, place / 4);
      memory.integers()[record / 4 + 3] = place;
      floats[record / 4] = unit;
      if (coded) {
        kernel.encode(record);
        const scale = Math.abs(unit);
        const step = floats[record / 4 + 1] as number;
        const error = floats[record / 4 + 2] as number;
        floats[record / 4 + 1] = step * scale;
        // The kernel measured the error in 32 bits, to more than three digits.
        floats[record / 4 + 2] = (1.001 * error + sumError * length) * scale;
        if (isOrdinary) longest = Math.max(longest, length * scale);
      }
      size = Math.max(size, row + 1);
    },
    remove(row) {
      size -= 1;
      if (row !== size) {
        const bytes = new Uint8Array(memory.floats().buffer);
        bytes.copyWithin(vectorOf(row), vectorOf(size), vectorOf(size) + vectorBytes);
        bytes.copyWithin(recordOf(row), recordOf(size), recordOf(size) + recordBytes);
        memory.integers()[recordOf(row) / 4 + 3] = vectorOf(row);
      }
      if (size % SEGMENT_ROWS === 0) memory.giveBack(segments.pop() as number);
    },
    vectorAt: (row) => viewOf(row).slice(),
    search({ query: asked, best, rows }: RowSearch) {
      // Where the kernel reads it: memory of its own for each query would cost more than searching a few rows.
      const query = memory.floats().subarray(places.query / 4, places.query / 4 + dimensions);
      measure.prepare(asked, query);
      const length = norm(query);
      const squares = length ** 2;
      if (length !== 0 && (squares <= LEAST_SQUARES || squares >= MOST_SQUARES)) {
        for (let position = 0; position < (rows?.length ?? size); position += 1) {
          const row = rows === undefined ? position : (rows[position] as number);
          best.offer(row, measure.settle(plainValue(row, query)));
        }
        return;
      }
      const isDistance = measure.kind === 'distance';
      const { step, slack } = coded ? encodeQuery(query, length) : { step: 0, slack: 0 };
      const kernelMeasure = isDistance ? DISTANCE : coded ? PRODUCT_BY_CODES : PRODUCT;
      const floats = memory.floats();
      const integers = memory.integers();
      const firstFound = found.positions / 4;
      const firstValue = found.values / 4;

      /** Rows from `first` on, or those of the list from there on when `record` is 0. */
      const visit = (record: number, first: number, count: number): void => {
        const hits = kernel.visit(record, count, kernelMeasure, roundDown(best.bar), step, length, slack);
        for (let hit = 0; hit < hits; hit += 1) {
          const position = first + (integers[firstFound + hit] as number);
          const row = rows === undefined ? position : (rows[position] as number);
          const value = floats[firstValue + hit] as number;
          best.offer(row, measure.settle(Number.isNaN(value) ? plainValue(row, query) : value));
        }
      };

      if (rows === undefined) {
        for (let row = 0; row < size; ) {
          const count = Math.min(Math.max(FIRST_BATCH, row), SEGMENT_ROWS - (row % SEGMENT_ROWS), size - row);
          visit(recordOf(row), row, count);
          row += count;
        }
        return;
      }
      for (let position = 0; position < rows.length; ) {
        const count = Math.min(Math.max(FIRST_BATCH, position), LIST_LENGTH, rows.length - position);
        for (let listed = 0; listed < count; listed += 1) {
          integers[places.list / 4 + listed] = recordOf(rows[position + listed] as number);
        }
        visit(0, position, count);
        position += count;
      }
    },
    release() {
      for (const segment of segments) memory.giveBack(segment);
      segments.length = 0;
      size = 0;
    },
  };
}

/** The next lower 32-bit float, where the number is none: the kernel would otherwise round it, and half the time up. */
function roundDown(value: number): number {
  const rounded = Math.fround(value);
  return rounded <= value ? rounded : rounded - Math.abs(rounded) * 2 * ROUNDING - 1e-38;
}
