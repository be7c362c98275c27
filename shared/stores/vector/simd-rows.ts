import { dotProductOfRow, norm, squaredDistanceToRow } from './exact-search.ts';
import { centreOf, encodeQuery, isOrdinaryLength } from './simd-codes.ts';
import { LIST_LENGTH, MOST_PUT_OFF, SEGMENT_BITS, SEGMENT_ROWS, type Segment, type SimdMemory } from './simd-memory.ts';
import type { VectorMeasure } from './vector-measure.ts';
import type { RowSearch, VectorRows } from './vector-rows.ts';

/** The kernel's measures. */
const PRODUCT = 0;
const PRODUCT_BY_CODES = 1;
const DISTANCE = 2;

/** Size of the first batch. It is small because no bar exists yet, so every row of it passes and is read in full. */
const FIRST_BATCH = 32;

/** Of a row's number, the bits that say where in its segment it is. */
const PLACE_MASK = SEGMENT_ROWS - 1;

/** Half the distance of two neighbouring 32-bit floats around 1. */
const ROUNDING = 2 ** -24;

/**
 * Rows that the kernel searches: float32 vectors in segments of WebAssembly memory, and beside each vector its codes,
 * by which most rows are passed over (see simd-codes.ts).
 *
 * The vectors of those that seem to be results by their codes are read at once, which raises the bar. The others that
 * might still be results are put off until the end, when most of them do not reach the bar any more.
 *
 * @param likely rows like those to come, to centre codes at; they are not put in.
 */
export function createSimdRows(
  memory: SimdMemory,
  { measure, dimensions, likely }: { measure: VectorMeasure; dimensions: number; likely: VectorRows },
): VectorRows {
  const { kernel, vectorBytes, recordBytes, format, places } = memory;
  const centre = format === undefined ? new Float32Array(0) : centreOf(likely, { dimensions, measure });
  const centreLength = norm(centre);
  const segments: Segment[] = [];
  let size = 0;
  /** Never below the longest of what is coded, and of the rows in units. */
  let longest = 0;
  // A sum of products is off by at most one rounding per addition of a lane, of which there are 16, and a few to add
  // those up and for the bound itself; twice that, to be safe.
  const sumError = 2 * ROUNDING * (dimensions / 16 + 16);

  const segmentOf = (row: number): Segment => segments[row >> SEGMENT_BITS] as Segment;
  const recordOf = (row: number): number => segmentOf(row).records + (row & PLACE_MASK) * recordBytes;
  const vectorOf = (row: number): number => segmentOf(row).vectors + (row & PLACE_MASK) * vectorBytes;
  /** Rows from this one on whose records follow one another, in its segment and those after it. */
  const inARow = (row: number): number => {
    let next = (row >> SEGMENT_BITS) + 1;
    while (segments[next]?.records === (segments[next - 1] as Segment).records + SEGMENT_ROWS * recordBytes) next += 1;
    return next * SEGMENT_ROWS - row;
  };
  const viewOf = (row: number): Float32Array => {
    const start = vectorOf(row) / 4;
    return memory.floats().subarray(start, start + dimensions);
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
      const isOrdinary = isOrdinaryLength(length);
      const unit = isOrdinary ? measure.unitOf(length) : Number.NaN;
      const floats = memory.floats();
      floats.set(vector, place / 4);
      memory.integers()[record / 4 + 3] = place;
      floats[record / 4] = unit;
      if (format !== undefined) {
        floats.set(centre, places.centre / 4);
        kernel.encode(record);
        const most = length * Math.abs(unit) + centreLength;
        // The kernel measured the error in 32 bits, to more than three digits.
        floats[record / 4 + 2] = 1.001 * (floats[record / 4 + 2] as number) + sumError * most;
        if (isOrdinary) longest = Math.max(longest, most);
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
      if (size % SEGMENT_ROWS === 0) memory.giveBack(segments.pop() as Segment);
    },
    vectorAt: (row) => viewOf(row).slice(),
    search({ query: asked, best, rows }: RowSearch) {
      // Where the kernel reads it: memory of its own for each query would cost more than searching a few rows.
      const query = memory.floats().subarray(places.query / 4, places.query / 4 + dimensions);
      measure.prepare(asked, query);
      const length = norm(query);
      if (!isOrdinaryLength(length)) {
        for (let position = 0; position < (rows?.length ?? size); position += 1) {
          const row = rows === undefined ? position : (rows[position] as number);
          best.offer(row, measure.settle(plainValue(row, query)));
        }
        return;
      }
      const floats = memory.floats();
      const integers = memory.integers();
      integers[places.putOffCount / 4] = 0;
      if (format !== undefined) {
        const codes = memory.shorts().subarray(places.queryCodes / 2, places.queryCodes / 2 + dimensions);
        const coding = { format, centre, length, longest, sumError };
        const { offset, step, length: codedLength, common } = encodeQuery(query, codes, coding);
        integers[places.search / 4] = offset;
        floats.set([step, codedLength, common], places.search / 4 + 1);
      }

      /** Offers what the kernel finds from `first` on: among all rows, or among those that are listed. */
      const visit = (
        first: number,
        { count, measure: by, listed }: { count: number; measure: number; listed: readonly number[] | undefined },
      ): void => {
        if (listed !== undefined) {
          for (let place = 0; place < count; place += 1) {
            integers[places.list / 4 + place] = recordOf(listed[first + place] as number);
          }
          // Beside the last of an odd number.
          integers[places.list / 4 + count] = integers[places.list / 4] as number;
        }
        const hits = kernel.visit(listed === undefined ? recordOf(first) : 0, first, count, by, roundDown(best.bar));
        for (let hit = 0; hit < hits; hit += 1) {
          const position = integers[places.found / 4 + hit] as number;
          const row = listed === undefined ? position : (listed[position] as number);
          const value = floats[places.values / 4 + hit] as number;
          best.offer(row, measure.settle(Number.isNaN(value) ? plainValue(row, query) : value));
        }
      };

      /** Visits those that still may be worth enough: fewer with each batch, which raises the bar. */
      const visitPutOff = (): void => {
        const count = integers[places.putOffCount / 4] as number;
        for (let place = 0; place < count; ) {
          const { bar } = best;
          const listed: number[] = [];
          for (; place < count && listed.length < FIRST_BATCH; place += 1) {
            if ((floats[places.mosts / 4 + place] as number) < bar) continue;
            const position = integers[places.putOff / 4 + place] as number;
            listed.push(rows === undefined ? position : (rows[position] as number));
          }
          if (listed.length > 0) visit(0, { count: listed.length, measure: PRODUCT, listed });
        }
        integers[places.putOffCount / 4] = 0;
      };

      const end = rows?.length ?? size;
      for (let first = 0; first < end; ) {
        const most = rows === undefined ? inARow(first) : end - first;
        const count = Math.min(Math.max(FIRST_BATCH, first), most, end - first, LIST_LENGTH);
        // While there is no bar, no code can prove that a row stays below it.
        const isProduct = format === undefined || best.bar === Number.NEGATIVE_INFINITY;
        const by = measure.kind === 'distance' ? DISTANCE : isProduct ? PRODUCT : PRODUCT_BY_CODES;
        visit(first, { count, measure: by, listed: rows });
        if ((integers[places.putOffCount / 4] as number) > MOST_PUT_OFF) visitPutOff();
        first += count;
      }
      visitPutOff();
    },
    release() {
      // The first last, which makes it the first that is taken again: they stay in a row.
      for (const segment of segments.reverse()) memory.giveBack(segment);
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
