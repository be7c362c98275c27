import { describe, expect, it } from 'vitest';
import { fuseRanks, fuseScores } from '../../../shared/rag/fusion.ts';

describe('fusion by places', () => {
  it('gives 1/61 + 1/62 to what is first in one list and second in the other', () => {
    const fused = fuseRanks([
      ['a', 'b'],
      ['c', 'a'],
    ]);
    expect(fused.get('a')).toBeCloseTo(1 / 61 + 1 / 62, 12);
    expect(fused.get('a')).toBeCloseTo(0.032522, 6);
    expect(fused.get('b')).toBeCloseTo(1 / 62, 12);
    expect(fused.get('c')).toBeCloseTo(1 / 61, 12);
  });

  it('has the union of the lists, each id once', () => {
    expect([...fuseRanks([['a', 'b'], ['b'], [], ['c', 'b', 'a']]).keys()].sort()).toEqual(['a', 'b', 'c']);
    expect(fuseRanks([]).size).toBe(0);
  });

  it('weighs lists, and takes another constant', () => {
    const fused = fuseRanks([['a'], ['b']], { k: 0, weights: [1, 3] });
    expect([...fused]).toEqual([
      ['a', 1],
      ['b', 3],
    ]);
  });
});

describe('fusion by scores', () => {
  it('brings each list to the range from 0 to its best score, and adds what the weights say', () => {
    const vector = new Map([
      ['a', 0.4],
      ['b', 0.2],
    ]);
    const words = new Map([
      ['b', 12],
      ['c', 6],
    ]);
    const fused = fuseScores([vector, words], [0.3, 0.7]);
    expect(fused.get('a')).toBeCloseTo(0.3, 12);
    expect(fused.get('b')).toBeCloseTo(0.3 * 0.5 + 0.7, 12);
    expect(fused.get('c')).toBeCloseTo(0.35, 12);
  });

  it('does not let a short list make its last hit worthless', () => {
    const short = fuseScores([new Map(Object.entries({ a: 10, b: 9 }))], [1]);
    expect(short.get('b')).toBeCloseTo(0.9, 12);
  });

  it.each([
    ['nothing', {}, {}],
    ['zeros', { a: 0 }, { a: 0 }],
    ['scores below zero', { a: -0.5, b: -1 }, { a: 0, b: 0 }],
    ['one score', { a: 0.2 }, { a: 1 }],
  ])('knows what to do with %s', (_title, scores, expected) => {
    expect(Object.fromEntries(fuseScores([new Map(Object.entries(scores))], [1]))).toEqual(expected);
  });
});
