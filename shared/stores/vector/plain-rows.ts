import { dotProductOfRow, dotProducts, norm, squaredDistanceToRow } from './exact-search.ts';
import type { VectorMeasure } from './vector-measure.ts';
import type { VectorRows } from './vector-rows.ts';

const FIRST_CAPACITY = 4;
const GROWTH = 1.25;

/** Rows in plain JavaScript: for blocks too small to be worth more, and where there is no WebAssembly. */
export function createPlainRows(dimensions: number, measure: VectorMeasure): VectorRows {
  // The vectors stay as they came, so that they can be handed out again; the measure takes a factor per row instead.
  let vectors = new Float32Array(FIRST_CAPACITY * dimensions);
  let units = new Float64Array(FIRST_CAPACITY);
  let products = new Float64Array(0);
  let size = 0;

  const grow = (): void => {
    const capacity = Math.ceil(units.length * GROWTH);
    const widerVectors = new Float32Array(capacity * dimensions);
    widerVectors.set(vectors);
    vectors = widerVectors;
    const widerUnits = new Float64Array(capacity);
    widerUnits.set(units);
    units = widerUnits;
  };

  return {
    get size() {
      return size;
    },
    set(row, vector) {
      if (row === units.length) grow();
      vectors.set(vector, row * dimensions);
      units[row] = measure.unitOf(norm(vector));
      size = Math.max(size, row + 1);
    },
    remove(row) {
      size -= 1;
      vectors.copyWithin(row * dimensions, size * dimensions, (size + 1) * dimensions);
      units[row] = units[size] as number;
    },
    vectorAt: (row) => vectors.slice(row * dimensions, (row + 1) * dimensions),
    search({ query, best, rows }) {
      const prepared = new Float32Array(dimensions);
      measure.prepare(query, prepared);
      const offer = (row: number, value: number): void =>
        best.offer(row, measure.settle(value * (units[row] as number)));
      const compare = measure.kind === 'product' ? dotProductOfRow : squaredDistanceToRow;
      if (rows !== undefined) {
        for (const row of rows) offer(row, compare(vectors, row, prepared));
      } else if (measure.kind === 'distance') {
        for (let row = 0; row < size; row += 1) offer(row, compare(vectors, row, prepared));
      } else {
        if (products.length < size) products = new Float64Array(units.length);
        dotProducts(vectors, size, prepared, products);
        for (let row = 0; row < size; row += 1) offer(row, products[row] as number);
      }
    },
    release() {},
  };
}
