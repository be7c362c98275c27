import { describe, expect, it } from 'vitest';
import { createWordScorer } from '../../../shared/text/word-score.ts';

describe('how well a text matches on its own', () => {
  const scorerFor = createWordScorer();
  const score = (query: string, text: string): number => scorerFor(query)?.(text) ?? Number.NaN;

  it('is 0 without a shared word, and more with more of them', () => {
    expect(score('pump valve', 'a rudder')).toBe(0);
    expect(score('pump valve', 'a pump and a valve')).toBeGreaterThan(score('pump valve', 'a pump and a rudder'));
  });

  it('weighs a word of every text less than a telling one', () => {
    expect(score('important valve', 'a valve, a pump')).toBeGreaterThan(score('important valve', 'important, a pump'));
    expect(score('important', 'important')).toBeGreaterThan(0);
  });

  it('holds the length of a text against it', () => {
    expect(score('valve', 'a valve')).toBeGreaterThan(score('valve', `a valve ${'pump '.repeat(300)}`));
  });

  it('is not asked for when the query has no word to look for', () => {
    expect(scorerFor('of the')).toBeUndefined();
    expect(scorerFor(' ')).toBeUndefined();
  });
});
