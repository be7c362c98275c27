import { describe, expect, it } from 'vitest';
import { createPlainRows } from '../../../../shared/stores/vector/plain-rows.ts';
import { codeFormatOf } from '../../../../shared/stores/vector/simd-codes.ts';
import {
  createSimdMemory,
  MOST_PUT_OFF,
  SEGMENT_ROWS,
  type Segment,
} from '../../../../shared/stores/vector/simd-memory.ts';
import { createSimdRows } from '../../../../shared/stores/vector/simd-rows.ts';
import { VECTOR_MEASURES } from '../../../../shared/stores/vector/vector-measure.ts';
import type { VectorRows } from '../../../../shared/stores/vector/vector-rows.ts';
import { createRandom, randomVector } from '../../../contracts/vectors.ts';

type Measure = 'cosine' | 'dot_product';

/** The same rows with codes and without, their codes centred at the mean of the first `likely` rows. */
function fill(vectors: readonly Float32Array[], measure: Measure, likely: number): [VectorRows, VectorRows] {
  const dimensions = vectors[0]?.length ?? 0;
  const first = createPlainRows(dimensions, VECTOR_MEASURES[measure]);
  for (let row = 0; row < likely; row += 1) first.set(row, vectors[row] as Float32Array);
  return [true, false].map((coded) => {
    const memory = createSimdMemory({ dimensions, coded });
    if (memory === undefined) throw new Error('This Node has no WebAssembly SIMD.');
    const rows = createSimdRows(memory, { measure: VECTOR_MEASURES[measure], dimensions, likely: first });
    for (const [row, vector] of vectors.entries()) rows.set(row, vector);
    return rows;
  }) as [VectorRows, VectorRows];
}

/** What is offered of the rows that are worth at least the bar, which stays where it is. */
function offered(rows: VectorRows, query: Float32Array, bar: number, among?: readonly number[]): Map<number, number> {
  const found = new Map<number, number>();
  const offer = (row: number, value: number): void => {
    expect(found.has(row)).toBe(false);
    if (value >= bar) found.set(row, value);
  };
  rows.search({ query, best: { bar, offer }, rows: among });
  return new Map([...found].sort(([left], [right]) => left - right));
}

/** What rounding takes away of a vector whose codes are centred at 0. */
function roundingOf(vector: Float32Array): Float32Array {
  const { largest } = codeFormatOf(vector.length);
  const step = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9) / largest;
  return vector.map((value) => value - Math.round(value / step) * step);
}

const SHAPES: Readonly<Record<string, (random: () => number, dimensions: number, row: number) => Float32Array>> = {
  'all directions': (random, dimensions) => randomVector(random, dimensions),
  'one direction': (random, dimensions) => randomVector(random, dimensions).map((value, at) => 3 + (at % 5) + value),
  'one large value': (random, dimensions) =>
    randomVector(random, dimensions).map((value, at) => (at === 1 ? 40 : value)),
  'lengths from 0.001 to 1,000': (random, dimensions, row) =>
    randomVector(random, dimensions).map((value) => value * 10 ** ((row % 7) - 3)),
  'mostly zeros': (random, dimensions, row) =>
    randomVector(random, dimensions).map((value, at) => ((at + row) % 9 === 0 ? value : 0)),
};

describe('codes', () => {
  it.each(
    Object.keys(SHAPES).flatMap((shape) =>
      [1, 7, 24, 50, 384, 769].flatMap((dimensions) =>
        (['cosine', 'dot_product'] as const).map((measure) => ({ shape, dimensions, measure })),
      ),
    ),
  )('lose no row that reaches the bar: $shape, $dimensions dimensions, $measure', ({ shape, dimensions, measure }) => {
    const random = createRandom(dimensions);
    const make = SHAPES[shape] as (typeof SHAPES)[string];
    const vectors = Array.from({ length: 301 }, (_, row) => make(random, dimensions, row));
    for (const likely of [0, 60]) {
      const [coded, plain] = fill(vectors, measure, likely);
      // The last ones are along what rounding took away: there the bound is as tight as it gets.
      const queries = [
        make(random, dimensions, 3),
        randomVector(random, dimensions),
        roundingOf(vectors[5] as Float32Array),
        roundingOf(vectors[6] as Float32Array).map((value) => -value),
      ];
      for (const query of queries) {
        const all = offered(plain, query, Number.NEGATIVE_INFINITY);
        const values = [...all.values()].sort((left, right) => right - left);
        expect(values.length).toBe(301);
        for (const place of [0, 1, 9, 60, 299]) {
          const bar = values[place] as number;
          expect(offered(coded, query, bar)).toEqual(offered(plain, query, bar));
        }
        const own = all.get(5) as number;
        const among = [5, 300, 17, 6, 40];
        expect(offered(coded, query, own, among)).toEqual(offered(plain, query, own, among));
      }
    }
  });

  it('leave the same rows when more have to be put off than there is room for', () => {
    const random = createRandom(9);
    const dimensions = 8;
    const count = 2 * MOST_PUT_OFF + 3_001;
    // Codes cannot tell them apart: half of them are a hair below the bar, the others a hair above.
    const base = randomVector(random, dimensions);
    const vectors = Array.from({ length: count }, () => base.map((value) => value * (1 + (random() - 0.5) * 1e-3)));
    const [coded, plain] = fill(vectors, 'dot_product', 0);
    const values = [...offered(plain, base, Number.NEGATIVE_INFINITY).values()].sort((left, right) => left - right);
    const bar = values[count >> 1] as number;
    const expected = offered(plain, base, bar);
    expect(expected.size).toBeGreaterThan(count / 3);
    expect(offered(coded, base, bar)).toEqual(expected);
    // Nothing is left over for the search after.
    expect(offered(coded, base, values.at(-1) as number)).toEqual(offered(plain, base, values.at(-1) as number));
  });

  it.each([384, 768, 1_536])('let a search read few vectors of %i dimensions', (dimensions) => {
    const random = createRandom(10);
    const count = 4_096;
    const vectors = Array.from({ length: count }, () => randomVector(random, dimensions));
    const memory = createSimdMemory({ dimensions, coded: true });
    if (memory === undefined) throw new Error('This Node has no WebAssembly SIMD.');
    const segments: Segment[] = [];
    const take = (): Segment => {
      segments.push(memory.take());
      return segments.at(-1) as Segment;
    };
    const measure = VECTOR_MEASURES.cosine;
    const likely = createPlainRows(dimensions, measure);
    const rows = createSimdRows({ ...memory, take }, { measure, dimensions, likely });
    for (const [row, vector] of vectors.entries()) rows.set(row, vector);
    const query = randomVector(random, dimensions);
    const values = [...offered(rows, query, Number.NEGATIVE_INFINITY).values()].sort((left, right) => right - left);
    // Whoever reads a vector now finds what is no number, and that is offered whatever the bar.
    for (const { vectors: start } of segments) {
      memory.floats().fill(Number.NaN, start / 4, (start + SEGMENT_ROWS * memory.vectorBytes) / 4);
    }
    let read = 0;
    rows.search({ query, best: { bar: values[9] as number, offer: () => (read += 1) } });
    expect(read).toBeGreaterThanOrEqual(10);
    expect(read).toBeLessThan(count / 8);
  });
});
