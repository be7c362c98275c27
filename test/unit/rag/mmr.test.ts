import { describe, expect, it } from 'vitest';
import { cosine, createLikeness } from '../../../shared/rag/likeness.ts';
import { selectDiverse } from '../../../shared/rag/mmr.ts';

const items = [
  { name: 'a', relevance: 1, topic: 'x' },
  { name: 'twin of a', relevance: 0.99, topic: 'x' },
  { name: 'b', relevance: 0.7, topic: 'y' },
  { name: 'c', relevance: 0.1, topic: 'z' },
];

function select(lambda: number, limit = 3, of = items): string[] {
  return selectDiverse({
    items: of,
    limit,
    lambda,
    relevanceOf: ({ relevance }) => relevance,
    similarityOf: (left, right) => (left.topic === right.topic ? 1 : 0),
  }).map(({ name }) => name);
}

describe('maximal marginal relevance', () => {
  it.each([
    ['by relevance alone', 1, ['a', 'twin of a', 'b']],
    ['by both', 0.5, ['a', 'b', 'c']],
    ['by difference alone, beginning with the most relevant', 0, ['a', 'b', 'c']],
    ['mostly by relevance', 0.9, ['a', 'twin of a', 'b']],
  ])('chooses %s', (_title, lambda, expected) => {
    expect(select(lambda)).toEqual(expected);
  });

  it('gives everything when there is not enough to choose from, and nothing of nothing', () => {
    expect(select(0.5, 10)).toEqual(['a', 'b', 'c', 'twin of a']);
    expect(select(0.5, 3, [])).toEqual([]);
    expect(select(0.5, 0)).toEqual([]);
  });

  it('compares with all that were chosen, not with the last one', () => {
    const more = [
      ...items.slice(0, 3),
      { name: 'third x', relevance: 0.65, topic: 'x' },
      { name: 'd', relevance: 0.2, topic: 'w' },
    ];
    expect(select(0.5, 3, more)).toEqual(['a', 'b', 'd']);
  });
});

describe('likeness', () => {
  const likeness = createLikeness();

  it('is the cosine of the vectors where both have one', () => {
    const left = { content: 'one', embedding: Float32Array.of(3, 4) };
    expect(likeness(left, { content: 'two', embedding: Float32Array.of(4, 3) })).toBeCloseTo(0.96, 6);
  });

  it('is the share of words where one has no vector', () => {
    const left = { content: 'the pump and the valve', embedding: Float32Array.of(1, 0) };
    expect(likeness(left, { content: 'pumps, valves' })).toBeCloseTo(1, 9);
    expect(likeness(left, { content: 'a pump with a rudder' })).toBeCloseTo(0.5, 9);
    expect(likeness(left, { content: 'of the' })).toBe(0);
  });

  it('is the share of words where vectors compare nothing else', () => {
    const byWords = createLikeness({ byWords: true });
    const embedding = Float32Array.of(1, 0);
    expect(byWords({ content: 'pump', embedding }, { content: 'rudder', embedding })).toBe(0);
  });

  it.each([
    [[1, 2, 3], [4, 5, 6], 0.974632],
    [[1, 0], [-2, 0], -1],
    [[0, 0], [1, 1], 0],
    [[1], [1, 1], 0],
  ])('of %j and %j is %d', (left, right, expected) => {
    expect(cosine(Float32Array.from(left), Float32Array.from(right))).toBeCloseTo(expected, 6);
  });
});
