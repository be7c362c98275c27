import { compareText } from '../../text/text-order.ts';

/**
 * Vectors are 32-bit floats, so a score is good to about seven digits. A result counts as equal to `minScore` when it
 * lies within this distance of it.
 */
export const SCORE_TOLERANCE = 1e-6;

export function reachesMinScore(score: number, minScore: number | undefined): boolean {
  return minScore === undefined || score >= minScore - SCORE_TOLERANCE;
}

/** A cosine similarity from a computed value: rounding kept inside [-1, 1], and 0 where a zero vector made it NaN. */
export function toCosineScore(value: number): number {
  if (Number.isNaN(value)) return 0;
  return Math.min(1, Math.max(-1, value));
}

/** Best first, ties by id. */
export function byScoreThenId(left: { score: number; id: string }, right: { score: number; id: string }): number {
  return right.score - left.score || compareText(left.id, right.id);
}
