import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from '../../../shared/config/nearest.ts';

describe('nearest', () => {
  const keys = ['model', 'temperature', 'max_tokens', 'timeout', 'prompt'];

  it.each([
    ['temprature', 'temperature'],
    ['maxTokens', 'max_tokens'],
    ['max-tokens', 'max_tokens'],
    ['modle', 'model'],
    ['PROMPT', 'prompt'],
  ])('finds what %s was meant to be', (word, expected) => {
    expect(nearest(word, keys)).toBe(expected);
  });

  it('says nothing when no candidate is close, or the word is absurdly long', () => {
    expect(nearest('quantum', keys)).toBeUndefined();
    expect(nearest('model'.repeat(100), keys)).toBeUndefined();
    expect(nearest('model', [])).toBeUndefined();
  });
});

describe('editDistance', () => {
  it('counts a swap of neighbours as one change', () => {
    expect(editDistance('modle', 'model')).toBe(1);
    expect(editDistance('kitten', 'sitting')).toBe(3);
    expect(editDistance('', 'abc')).toBe(3);
  });

  it('is symmetric, zero only for equal texts, and at most the longer length', () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, (one, other) => {
        const distance = editDistance(one, other);
        expect(distance).toBe(editDistance(other, one));
        expect(distance === 0).toBe(one === other);
        expect(distance).toBeLessThanOrEqual(Math.max(one.length, other.length));
      }),
    );
  });
});
