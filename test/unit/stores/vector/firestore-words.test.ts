import { describe, expect, it } from 'vitest';
import { createFirestoreWords } from '../../../../shared/stores/vector/firestore-words.ts';

describe('the words of Firestore', () => {
  const read = createFirestoreWords().read('the effect of a valve on the flow');
  const scoreOf = (content: string, likeness: number): number => read?.scoreOf(content, likeness) ?? Number.NaN;

  it('puts a chunk that is like the query before one that repeats its words among many others', () => {
    const repeating = 'The effect on a flow of a valve, a flow of effects. Nothing of what else was asked.';
    const alike = 'A valve changes the flow.';
    expect(scoreOf(repeating, 1)).toBeGreaterThan(scoreOf(alike, 1));
    expect(scoreOf(repeating, 0.2)).toBeLessThan(scoreOf(alike, 0.5));
  });

  it('gives nothing for a chunk that only looks alike', () => {
    expect(scoreOf('roses in the garden', 0.9)).toBe(0);
  });
});
