import { describe, expect, it } from 'vitest';
import { scoreFromDistance, thresholdFromScore } from '../../../../shared/stores/vector/firestore-measure.ts';

describe('scores from distances', () => {
  it('are 1 - d for cosine, inside [-1, 1]', () => {
    expect([0, 0.3, 1, 2].map((distance) => scoreFromDistance(distance, 'cosine'))).toEqual([1, 0.7, 0, -1]);
    expect([-1e-9, 2.0000001].map((distance) => scoreFromDistance(distance, 'cosine'))).toEqual([1, -1]);
  });

  it('are 1 / (1 + d) for euclidean distance, and the product itself for a dot product', () => {
    expect([0, 1, 5].map((distance) => scoreFromDistance(distance, 'euclidean'))).toEqual([1, 1 / 2, 1 / 6]);
    expect([32, -3].map((distance) => scoreFromDistance(distance, 'dot_product'))).toEqual([32, -3]);
  });

  it('are never NaN', () => {
    for (const measure of ['cosine', 'euclidean', 'dot_product'] as const) {
      expect(scoreFromDistance(Number.NaN, measure)).toBe(0);
    }
  });
});

describe('thresholds from lowest scores', () => {
  it.each([
    ['cosine', 0.7, 0.3],
    ['cosine', 0, 1],
    ['euclidean', 0.5, 1],
    ['euclidean', 1, 0],
    ['dot_product', 0.8, 0.8],
  ] as const)('for %s %d is %d', (measure, minScore, threshold) => {
    expect(thresholdFromScore(minScore, measure)).toBeCloseTo(threshold, 5);
  });

  it('never exclude the score itself, and are never exactly 0, which the emulator takes for none', () => {
    expect(thresholdFromScore(1, 'cosine')).toBeGreaterThan(0);
    expect(thresholdFromScore(1, 'euclidean')).toBeGreaterThan(0);
    expect(thresholdFromScore(0.8, 'dot_product')).toBeLessThan(0.8);
  });

  it('are absent when every score qualifies', () => {
    expect(thresholdFromScore(undefined, 'cosine')).toBeUndefined();
    expect(thresholdFromScore(0, 'euclidean')).toBeUndefined();
  });
});
