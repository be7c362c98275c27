import { describe, expect, it } from 'vitest';
import type { Filter } from '../../shared/contracts/filter.ts';
import type { Chunk } from '../../shared/contracts/vector-store.ts';
import { idsOf, useStore, type VectorStoreSuite } from './vector-store-harness.ts';
import { makeChunk } from './vectors.ts';

const VECTOR = [1, 0, 0];

const BAD_CHUNKS: readonly (readonly [string, Chunk])[] = [
  ['NaN in the vector', makeChunk('bad', [1, Number.NaN, 0])],
  ['infinity in the vector', makeChunk('bad', [1, Number.POSITIVE_INFINITY, 0])],
  ['a vector that is too short', makeChunk('bad', [1, 0])],
  ['a vector that is too long', makeChunk('bad', [1, 0, 0, 0])],
  ['empty content', makeChunk('bad', VECTOR, { content: '' })],
  ['blank content', makeChunk('bad', VECTOR, { content: ' \n\t' })],
  ['half a character in the content', makeChunk('bad', VECTOR, { content: 'a\ud83d' })],
  ['a negative index', makeChunk('bad', VECTOR, { index: -1 })],
  ['a fractional index', makeChunk('bad', VECTOR, { index: 0.5 })],
  ['an empty document id', makeChunk('bad', VECTOR, { documentId: '' })],
  ['an empty tenant', makeChunk('bad', VECTOR, { tenant: '' })],
  ['nested metadata', makeChunk('bad', VECTOR, { metadata: { nested: { a: 1 } } as never })],
  ['a list in a list', makeChunk('bad', VECTOR, { metadata: { list: [['a']] } as never })],
  ['half a character in the metadata', makeChunk('bad', VECTOR, { metadata: { value: ['a\ud83d'] } })],
  ['NaN in the metadata', makeChunk('bad', VECTOR, { metadata: { value: Number.NaN } })],
  ['metadata that is a list', makeChunk('bad', VECTOR, { metadata: ['a'] as never })],
  ...['$price', 'a.b', '', 'k'.repeat(257), '__name__'].map(
    (key) => [`the metadata key "${key.slice(0, 10)}"`, makeChunk('bad', VECTOR, { metadata: { [key]: 1 } })] as const,
  ),
  ...['', 'x'.repeat(513), 'a/b', 'a\\b', 'a\u0000', 'a\nb', 'a\u007f', '.', '..', '__id__', 'a\udc00'].map(
    (id) => [`the id ${JSON.stringify(id).slice(0, 12)}`, makeChunk(id, VECTOR)] as const,
  ),
];

const GOOD_IDS = ['a', 'x'.repeat(512), '文'.repeat(512), '#tag', ' spaced id ', 'a.b', '__a', '...', 'é🙂', 'a:b|c#1'];

const BAD_FILTERS: readonly (readonly [string, unknown])[] = [
  ['an unknown type', { type: 'like', key: 'a', value: 'x' }],
  ['an empty group', { type: 'and', filters: [] }],
  ['a group without filters', { type: 'or' }],
  ['a condition with filters', { type: 'eq', key: 'a', value: 1, filters: [{ type: 'eq', key: 'b', value: 2 }] }],
  ['an empty list', { type: 'in', key: 'a', value: [] }],
  ['a list for eq', { type: 'eq', key: 'a', value: ['x'] }],
  ['null for eq', { type: 'eq', key: 'a', value: null }],
  ['NaN', { type: 'gt', key: 'a', value: Number.NaN }],
  ['a boolean range', { type: 'gt', key: 'a', value: true }],
  ['a path as key', { type: 'eq', key: 'a.b', value: 1 }],
  ['an empty key', { type: 'eq', key: '', value: 1 }],
  ['exists with a text', { type: 'exists', key: 'a', value: 'yes' }],
  ['no filter at all', 'category = x'],
  ...['eq', 'ne', 'gte', 'contains'].map(
    (type) => [`half a character for ${type}`, { type, key: 'a', value: 'a\ud83d' }] as const,
  ),
  ['half a character in a list', { type: 'nin', key: 'a', value: ['ok', '\udc00'] }],
];

/** What every store refuses before it does anything. */
export function describeVectorStoreRules(suite: VectorStoreSuite): void {
  describe('rules', () => {
    const target = useStore(suite, 3);
    const refusal = { name: 'AppError', code: 'invalid_request', retryable: false, param: expect.any(String) };

    it.each(BAD_CHUNKS)('refuses %s, and stores nothing of the call', async (_title, bad) => {
      const call = target.store.upsert([makeChunk('good', VECTOR), bad], target.scope);
      await expect(call).rejects.toMatchObject(refusal);
      expect(await target.store.count(target.scope)).toBe(0);
    });

    it('accepts every id within the rules, and gives it back', async () => {
      await target.put(...GOOD_IDS.map((id, index) => makeChunk(id, VECTOR, { index })));
      expect(idsOf(await target.store.listDocument('document', target.scope))).toEqual(GOOD_IDS);
      expect(idsOf(await target.search(VECTOR)).sort()).toEqual([...GOOD_IDS].sort());
      expect(await target.store.delete({ ids: GOOD_IDS }, target.scope)).toEqual({ deleted: GOOD_IDS.length });
    });

    it('accepts metadata keys of 1 to 256 characters', async () => {
      const metadata = { k: 1, [`${'k'.repeat(256)}`]: 2, 'with space': 3, 'ключ 🙂': 4, '1': 5, '-': 6 };
      await target.put(makeChunk('a', VECTOR, { metadata }));
      expect((await target.search(VECTOR))[0]?.metadata).toEqual(metadata);
    });

    it.each([
      [2, [1, 0]],
      [4, [1, 0, 0, 0]],
      ['NaN', [1, Number.NaN, 0]],
      ['infinite', [1, Number.NEGATIVE_INFINITY, 0]],
    ])('refuses a query vector of %s dimensions or values', async (_title, vector) => {
      await target.put(makeChunk('a', VECTOR));
      await expect(target.search(vector)).rejects.toMatchObject(refusal);
    });

    it.each([2e-15, 5e14])('scores vectors of the length %d as exactly as others', async (length) => {
      await target.put(makeChunk('a', [0.8 * length, 0.6 * length, 0]), makeChunk('b', [-1, 0, 0]));
      for (const scale of [1, length]) {
        const scores = (await target.search([0.6 * scale, 0.8 * scale, 0])).map(({ score }) => score);
        expect(scores).toEqual([expect.closeTo(0.96, 5), expect.closeTo(-0.6, 5)]);
      }
    });

    it.each([1e-30, 1e30])('scores vectors of the length %d exactly, or refuses them', async (length) => {
      const stored = target.put(makeChunk('a', [0.8 * length, 0.6 * length, 0]));
      if (suite.singlePrecision) {
        const tooFar = { ...refusal, message: expect.stringContaining('Scale the vectors') };
        await expect(stored).rejects.toMatchObject({ ...tooFar, param: 'chunks[0].embedding' });
        await expect(target.search([length, 0, 0])).rejects.toMatchObject({ ...tooFar, param: 'vector' });
        return;
      }
      await stored;
      for (const scale of [1, length]) {
        expect((await target.search([0.6 * scale, 0.8 * scale, 0]))[0]?.score).toBeCloseTo(0.96, 5);
      }
    });

    it.each([-1, 0, 1_001, 1.5, Number.NaN])('refuses a top_k of %s', async (topK) => {
      await expect(target.search(VECTOR, { topK })).rejects.toMatchObject({ ...refusal, param: 'top_k' });
    });

    it.each([-0.1, 1.1, Number.NaN])('refuses a min_score of %s', async (minScore) => {
      await expect(target.search(VECTOR, { minScore })).rejects.toMatchObject({ ...refusal, param: 'min_score' });
    });

    it('accepts the largest top_k', async () => {
      await target.put(makeChunk('a', VECTOR));
      expect(await target.search(VECTOR, { topK: 1_000 })).toHaveLength(1);
    });

    it.each(['', 'with space', 'a/b', 'x'.repeat(65), 'é', '../x'])('refuses the collection %j', async (collection) => {
      const scope = { collection, tenant: null };
      await expect(target.search(VECTOR, scope)).rejects.toMatchObject({ ...refusal, param: 'collection' });
      await expect(target.store.upsert([], scope)).rejects.toMatchObject(refusal);
      await expect(target.store.count(scope)).rejects.toMatchObject(refusal);
      await expect(target.store.heldModel(scope)).rejects.toMatchObject(refusal);
      await expect(target.store.delete({ ids: ['a'] }, scope)).rejects.toMatchObject(refusal);
      await expect(target.store.listDocument('a', scope)).rejects.toMatchObject(refusal);
    });

    it.each(BAD_FILTERS)('refuses a filter with %s', async (_title, bad) => {
      const filter = bad as Filter;
      await expect(target.search(VECTOR, { filter })).rejects.toMatchObject(refusal);
      await expect(target.store.delete({ filter }, target.scope)).rejects.toMatchObject(refusal);
    });

    it('refuses ids to delete that no chunk can have', async () => {
      await expect(target.store.delete({ ids: ['ok', 'a/b'] }, target.scope)).rejects.toMatchObject(refusal);
      await expect(target.store.delete({ documentId: '..' }, target.scope)).rejects.toMatchObject(refusal);
      await expect(target.store.listDocument('a/b', target.scope)).rejects.toMatchObject(refusal);
    });
  });
}
