import { describe, expect, it } from 'vitest';
import type { ScoredChunk } from '../../../shared/contracts/vector-store.ts';
import { fuseHybrid, fuseWordings, type Hit, toFallingScores, toVectorHits } from '../../../shared/rag/ranking.ts';
import { makeChunk } from '../../contracts/vectors.ts';

const QUERY = Float32Array.of(1, 0);

/** A chunk whose cosine with the query is `similarity`, found with that score unless another one is given. */
function chunk(id: string, similarity: number, score = similarity, { bare = false } = {}): ScoredChunk {
  const embedding = Float32Array.of(similarity, Math.sqrt(1 - similarity ** 2));
  const { embedding: _, ...rest } = makeChunk(id, [1, 0]);
  return { ...rest, createdAt: new Date(0), updatedAt: new Date(0), score, ...(bare ? {} : { embedding }) };
}

const ids = (hits: readonly Hit[]): string[] => hits.map((hit) => hit.chunk.id);
const similarities = (hits: readonly Hit[]) =>
  hits.map(({ similarity }) => similarity && Math.round(similarity * 1e4) / 1e4);

describe('a ranking of vectors and words', () => {
  const byVector = [chunk('both', 0.8), chunk('near', 0.6)];
  const byWords = [chunk('worded', 0.5, 9), chunk('both', 0.8, 6)];
  const base = { vector: QUERY, byVector, byWords, minScore: undefined };

  it('by places puts first what both found', () => {
    const hits = fuseHybrid({ ...base, fusion: { method: 'rrf' } });
    expect(ids(hits)).toEqual(['both', 'worded', 'near']);
    expect(hits[0]?.relevance).toBeCloseTo(1 / 61 + 1 / 62, 12);
  });

  it('by scores adds up what each said, similarities being known of all', () => {
    const hits = fuseHybrid({ ...base, fusion: { method: 'convex' } });
    expect(ids(hits)).toEqual(['worded', 'both', 'near']);
    expect(hits.map(({ relevance }) => relevance)).toEqual([
      expect.closeTo(0.7 + (0.3 * 0.5) / 0.8, 6),
      expect.closeTo((0.7 * 6) / 9 + 0.3, 6),
      expect.closeTo((0.3 * 0.6) / 0.8, 6),
    ]);
    expect(similarities(hits)).toEqual([0.5, 0.8, 0.6]);
    expect(hits.map(({ wordScore }) => wordScore)).toEqual([9, 6, undefined]);
  });

  it('takes other weights', () => {
    const weights = { vector: 1, lexical: 0 };
    expect(ids(fuseHybrid({ ...base, fusion: { method: 'convex', weights } }))).toEqual(['both', 'near', 'worded']);
    expect(ids(fuseHybrid({ ...base, fusion: { method: 'rrf', weights } }))).toEqual(['both', 'near', 'worded']);
  });

  it('leaves out what only its words found and is not similar enough; equal is kept', () => {
    const fused = (minScore: number) => fuseHybrid({ ...base, minScore, fusion: { method: 'rrf' } });
    expect(ids(fused(0.5)).sort()).toEqual(['both', 'near', 'worded']);
    expect(ids(fused(0.55)).sort()).toEqual(['both', 'near']);
  });

  it.each([
    ['no vectors', [chunk('both', 0.8, 0.8, { bare: true })], [chunk('worded', 0.9, 9, { bare: true })]],
    ['another measure', [chunk('both', 0.8, 0.4)], [chunk('worded', 0.9, 9)]],
    ['nothing near', [], [chunk('worded', 0.9, 9)]],
  ])('does not guess similarities where the store gave %s', (_title, near, worded) => {
    const input = { vector: QUERY, byVector: near, byWords: worded, fusion: { method: 'rrf' } as const };
    const hits = fuseHybrid({ ...input, minScore: undefined });
    expect(hits.find((hit) => hit.chunk.id === 'worded')).toMatchObject({ similarity: undefined, wordScore: 9 });
    expect(ids(fuseHybrid({ ...input, minScore: 0.3 }))).toEqual(near.map(({ id }) => id));
  });

  it('orders equals by id', () => {
    const hits = fuseHybrid({
      vector: QUERY,
      byVector: [chunk('b', 0.5)],
      byWords: [chunk('a', 0.5, 3)],
      minScore: undefined,
      fusion: { method: 'rrf' },
    });
    expect(ids(hits)).toEqual(['a', 'b']);
  });
});

describe('a ranking of several wordings', () => {
  it('has each chunk once, with the best it reached', () => {
    const first = toVectorHits([chunk('a', 0.9), chunk('b', 0.5)]);
    const second = toVectorHits([chunk('b', 0.7), chunk('c', 0.2)]);
    const hits = fuseWordings([first, second]);
    expect(ids(hits)).toEqual(['b', 'a', 'c']);
    expect(similarities(hits)).toEqual([0.7, 0.9, 0.2]);
  });

  it('of one wording is its own', () => {
    const hits = toVectorHits([chunk('a', 0.9), chunk('b', 0.5)]);
    expect(fuseWordings([hits])).toEqual(hits);
    expect(fuseWordings([])).toEqual([]);
  });
});

describe('the scores that are shown', () => {
  const hit = (similarity: number | undefined): Hit => ({
    chunk: chunk('a', 0.1),
    relevance: 0,
    similarity,
    wordScore: undefined,
  });
  it.each([
    ['their own when they fall', [0.9, 0.5, -0.2], [0.9, 0.5, -0.2]],
    ['lifted to the best that follows', [0.2, 0.9, 0.4, 0.5], [0.9, 0.9, 0.5, 0.5]],
    ['0 where nobody knows them', [undefined, 0.4, undefined], [0.4, 0.4, 0]],
    ['none', [], []],
  ])('are %s', (_title, own, expected) => {
    expect(toFallingScores(own.map(hit), ({ similarity }) => similarity)).toEqual(expected);
  });
});
