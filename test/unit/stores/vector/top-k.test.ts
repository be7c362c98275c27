import { describe, expect, it } from 'vitest';
import { createTopK } from '../../../../shared/stores/vector/top-k.ts';
import { createRandom } from '../../../contracts/vectors.ts';

describe('the best rows', () => {
  it.each([1, 2, 3, 10, 100])('are those of a full sort, ties included, for a limit of %i', (limit) => {
    const random = createRandom(limit);
    for (let round = 0; round < 20; round += 1) {
      const scores = Array.from({ length: Math.floor(random() * 60) }, () => Math.floor(random() * 8) / 8);
      const best = createTopK({ limit, isAfter: (left, right) => left > right });
      for (const [row, score] of scores.entries()) best.offer(row, score);
      const expected = scores
        .map((score, row) => ({ row, score }))
        .sort((left, right) => right.score - left.score || left.row - right.row)
        .slice(0, limit);
      expect(best.drain()).toEqual(expected);
    }
  });
});
