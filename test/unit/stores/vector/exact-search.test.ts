import { describe, expect, it } from 'vitest';
import {
  dotProductOfRow,
  dotProducts,
  inverseOf,
  norm,
  normalise,
} from '../../../../shared/stores/vector/exact-search.ts';
import { createRandom, randomVector } from '../../../contracts/vectors.ts';

describe('normalising', () => {
  it('gives a vector the length 1', () => {
    const [first, second] = normalise(Float32Array.of(3, 4));
    expect(first).toBeCloseTo(0.6, 6);
    expect(second).toBeCloseTo(0.8, 6);
  });

  it('keeps a zero vector, and stays finite for the largest and smallest values', () => {
    expect(normalise(Float32Array.of(0, 0))).toEqual(Float32Array.of(0, 0));
    expect(inverseOf(norm(Float32Array.of(0, 0)))).toBe(0);
    expect(norm(Float32Array.of(2, 3, 6))).toBe(7);
    for (const value of [3e38, 1e-45]) expect(normalise(Float32Array.of(value, 0))).toEqual(Float32Array.of(1, 0));
  });
});

describe('dot products', () => {
  it('are those of [1, 2, 3] and [4, 5, 6]', () => {
    expect(dotProductOfRow(Float32Array.of(9, 9, 9, 4, 5, 6), 1, Float32Array.of(1, 2, 3))).toBe(32);
  });

  it('agree with the plain sum for every number of rows and dimensions', () => {
    const random = createRandom(3);
    for (const dimensions of [1, 2, 7, 8, 33]) {
      for (let count = 0; count < 11; count += 1) {
        const rows = randomVector(random, dimensions * (count + 1));
        const query = randomVector(random, dimensions);
        const products = new Float64Array(count + 1).fill(99);
        dotProducts(rows, count, query, products);
        for (let row = 0; row < count; row += 1) {
          const part = rows.subarray(row * dimensions, (row + 1) * dimensions);
          const expected = part.reduce((sum, value, position) => sum + value * (query[position] ?? 0), 0);
          expect(products[row]).toBeCloseTo(expected, 10);
          expect(dotProductOfRow(rows, row, query)).toBeCloseTo(expected, 10);
        }
        expect(products[count]).toBe(99);
      }
    }
  });
});
