import type { Distance } from '../../config/names.ts';
import { inverseOf, normalise } from './exact-search.ts';
import { toCosineScore } from './score.ts';

/**
 * How vectors are compared. Searches work with values, higher is better, and only results are given scores: the value
 * of a row is its product with the query times the row's unit, or their squared distance times it.
 */
export interface VectorMeasure {
  readonly kind: 'product' | 'distance';
  /** Puts the query into `target` in the form that rows are compared with. */
  prepare(query: Float32Array, target: Float32Array): void;
  /** @param length of the row. */
  unitOf(length: number): number;
  /** The value with its rounding taken off where that would show: equal scores have to be equal values. */
  settle(value: number): number;
  toScore(value: number): number;
  /** The lowest value that has the score, with a small margin for rounding. */
  toLowestValue(score: number): number;
}

/** More than the tolerance of `reachesMinScore`, which decides. */
const MARGIN = 3e-6;

const cosine: VectorMeasure = {
  kind: 'product',
  prepare: normalise,
  unitOf: inverseOf,
  settle: toCosineScore,
  toScore: (value) => value + 0,
  toLowestValue: (score) => score - MARGIN,
};

const dotProduct: VectorMeasure = {
  kind: 'product',
  prepare: (query, target) => target.set(query),
  unitOf: () => 1,
  settle: (value) => value,
  toScore: (value) => value + 0,
  toLowestValue: (score) => score - MARGIN * Math.max(1, Math.abs(score)),
};

/** Scores are 1 / (1 + distance), values the negative of the squared distance. */
const euclidean: VectorMeasure = {
  kind: 'distance',
  prepare: (query, target) => target.set(query),
  unitOf: () => -1,
  settle: (value) => value,
  toScore: (value) => 1 / (1 + Math.sqrt(-value)),
  toLowestValue(score) {
    const lowest = score - MARGIN;
    return lowest <= 0 ? Number.NEGATIVE_INFINITY : -((1 / lowest - 1) ** 2);
  },
};

export const VECTOR_MEASURES = {
  cosine,
  euclidean,
  dot_product: dotProduct,
} as const satisfies Record<Distance, VectorMeasure>;
