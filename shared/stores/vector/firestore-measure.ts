import { SCORE_TOLERANCE, toCosineScore } from './score.ts';

/** How Firestore compares vectors, and how its distances become scores of which higher is better. */
export type DistanceMeasure = 'cosine' | 'euclidean' | 'dot_product';

export const FIRESTORE_MEASURES = {
  cosine: 'COSINE',
  euclidean: 'EUCLIDEAN',
  dot_product: 'DOT_PRODUCT',
} as const satisfies Record<DistanceMeasure, string>;

/** Cosine: 1 - distance. Euclidean: 1 / (1 + distance). Dot product: as it is. A distance that is no number scores 0. */
export function scoreFromDistance(distance: number, measure: DistanceMeasure): number {
  if (!Number.isFinite(distance)) return 0;
  if (measure === 'cosine') return toCosineScore(1 - distance);
  return measure === 'euclidean' ? 1 / (1 + distance) : distance;
}

/**
 * Firestore's `distanceThreshold` for a lowest score, a hair wider so that a score equal to it is not lost to rounding;
 * undefined when every score qualifies.
 */
export function thresholdFromScore(minScore: number | undefined, measure: DistanceMeasure): number | undefined {
  if (minScore === undefined) return undefined;
  if (measure === 'cosine') return 1 - minScore + SCORE_TOLERANCE;
  if (measure === 'dot_product') return minScore - SCORE_TOLERANCE;
  return minScore <= SCORE_TOLERANCE ? undefined : 1 / (minScore - SCORE_TOLERANCE) - 1;
}
