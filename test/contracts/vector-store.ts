import { describe, expect, it } from 'vitest';
import type { Filter } from '../../shared/contracts/filter.ts';
import type { ScoredChunk } from '../../shared/contracts/vector-store.ts';
import { describeVectorStoreFilters } from './vector-store-filters.ts';
import {
  freshCollection,
  idsOf,
  type StoreUnderTest,
  useStore,
  type VectorStoreSuite,
} from './vector-store-harness.ts';
import { describeVectorStoreRules } from './vector-store-rules.ts';
import { describeVectorStoreExtras, describeVectorStoreText } from './vector-store-text.ts';
import { createRandom, makeChunk, plainCosine, randomVector } from './vectors.ts';

/** What every vector store does. Each test works in collections of its own, so stores may be shared and persistent. */
export function describeVectorStore(suite: VectorStoreSuite): void {
  describe(`${suite.name} as a vector store`, () => {
    describeSearch(suite);
    describeWriting(suite);
    describeScopes(suite);
    describeVectorStoreFilters(suite);
    describeVectorStoreRules(suite);
    describeVectorStoreText(suite);
    describeVectorStoreExtras(suite);
  });
}

function describeSearch(suite: VectorStoreSuite): void {
  describe('search', () => {
    const { put, search, ...rest } = bind(useStore(suite, 3));

    it('scores equal, orthogonal and opposite vectors with 1, 0 and -1', async () => {
      await put(makeChunk('equal', [1, 0, 0]), makeChunk('orthogonal', [0, 1, 0]), makeChunk('opposite', [-1, 0, 0]));
      const results = await search([2, 0, 0]);
      expect(idsOf(results)).toEqual(['equal', 'orthogonal', 'opposite']);
      for (const [position, score] of [1, 0, -1].entries()) expect(results[position]?.score).toBeCloseTo(score, 5);
    });

    it('scores by the angle alone', async () => {
      await put(makeChunk('a', [0.8, 0.6, 0]), makeChunk('b', [4, 5, 6]));
      expect((await search([0.6, 0.8, 0])).find(({ id }) => id === 'a')?.score).toBeCloseTo(0.96, 5);
      expect((await search([1, 2, 3])).find(({ id }) => id === 'b')?.score).toBeCloseTo(0.974632, 5);
    });

    it('gives a stored zero vector the score 0, or refuses it', async () => {
      const stored = put(makeChunk('zero', [0, 0, 0]), makeChunk('one', [1, 0, 0]), makeChunk('back', [-1, 0, 0]));
      if (suite.refusesZeroVectors) {
        await expect(stored).rejects.toMatchObject({ code: 'invalid_request', param: 'embedding' });
        expect(await search([1, 0, 0])).toEqual([]);
        return;
      }
      await stored;
      const scoresOf = (results: readonly ScoredChunk[]) =>
        results.map(({ id, score }) => [id, Math.round(score * 1e5) / 1e5]);
      expect(scoresOf(await search([1, 0, 0], { topK: 2 }))).toEqual([
        ['one', 1],
        ['zero', 0],
      ]);
      expect(idsOf(await search([1, 0, 0], { minScore: 0 }))).toEqual(['one', 'zero']);
    });

    it('gives everything the score 0 for a zero query, in the order of the ids', async () => {
      await put(makeChunk('b', [1, 0, 0]), makeChunk('a', [0, 1, 0]));
      const results = await search([0, 0, 0]);
      expect(results.map(({ id, score }) => [id, score])).toEqual([
        ['a', 0],
        ['b', 0],
      ]);
      expect(await search([0, 0, 0], { minScore: 0.1 })).toEqual([]);
    });

    it('orders results of equal score by id', async () => {
      await put(...['c', 'a', 'd', 'b'].map((id) => makeChunk(id, [1, 1, 0])), makeChunk('best', [1, 0, 0]));
      expect(idsOf(await search([1, 0, 0]))).toEqual(['best', 'a', 'b', 'c', 'd']);
      expect(idsOf(await search([1, 0, 0], { topK: 3 }))).toEqual(['best', 'a', 'b']);
    });

    it('returns what there is when that is less than asked for, and nothing from an empty collection', async () => {
      expect(await search([1, 0, 0], { topK: 5 })).toEqual([]);
      await put(makeChunk('a', [1, 0, 0]), makeChunk('b', [0, 1, 0]), makeChunk('c', [0, 0, 1]));
      expect(await search([1, 0, 0], { topK: 5 })).toHaveLength(3);
      expect(await search([1, 0, 0], { topK: 1 })).toHaveLength(1);
    });

    it('keeps a result whose score equals the lowest one asked for', async () => {
      const at = (cosine: number): number[] => [cosine, Math.sqrt(1 - cosine * cosine), 0];
      await put(makeChunk('high', at(0.9)), makeChunk('equal', at(0.7)), makeChunk('low', at(0.69)));
      expect(idsOf(await search([1, 0, 0], { minScore: 0.7 }))).toEqual(['high', 'equal']);
    });

    it('keeps identical vectors alone for a lowest score of 1, and leaves out opposite ones for 0', async () => {
      await put(makeChunk('same', [3, 4, 5]), makeChunk('other', [3, 4, 6]), makeChunk('opposite', [-3, -4, -5]));
      expect(idsOf(await search([3, 4, 5], { minScore: 1 }))).toEqual(['same']);
      expect(idsOf(await search([3, 4, 5], { minScore: 0 }))).toEqual(['same', 'other']);
    });

    it('returns negative scores when no lowest score is given', async () => {
      await put(makeChunk('a', [0.2, 0.979796, 0]), makeChunk('b', [-0.3, 0.953939, 0]));
      const results = await search([1, 0, 0]);
      expect(results.map(({ score }) => Math.round(score * 1000) / 1000)).toEqual([0.2, -0.3]);
    });

    it('returns the chunk as it was stored, with its times', async () => {
      const chunk = makeChunk('a', [1, 2, 3], {
        documentId: 'guide',
        index: 7,
        content: 'Ein Stück Text – 文字 🙂',
        metadata: { title: 'x', pages: 3, ratio: 0.5, draft: false, none: null, tags: ['p', 'q'] },
      });
      await put(chunk);
      const { embedding: _, ...stored } = chunk;
      const [found] = await search([1, 2, 3]);
      expect(found).toEqual({
        ...stored,
        score: expect.closeTo(1, 5),
        createdAt: expect.any(Date),
        updatedAt: expect.any(Date),
      });
      expect(Math.abs(Date.now() - (found?.createdAt.getTime() ?? 0))).toBeLessThan(120_000);
    });

    it('is not changed by what callers do to chunks they put in or got out', async () => {
      const tags = ['p'];
      const metadata = { tags, title: 'before' };
      const chunk = makeChunk('a', [1, 0, 0], { metadata });
      await put(chunk);
      tags.push('changed');
      metadata.title = 'changed';
      chunk.embedding.fill(9);
      const [first] = await search([1, 0, 0]);
      expect(first?.metadata).toEqual({ tags: ['p'], title: 'before' });
      (first?.metadata.tags as string[] | undefined)?.push('changed');
      first?.createdAt.setTime(0);
      const [second] = await search([1, 0, 0]);
      expect(second?.metadata).toEqual({ tags: ['p'], title: 'before' });
      expect(second?.createdAt.getTime()).toBeGreaterThan(0);
      expect(second?.score).toBeCloseTo(1, 5);
    });

    it('refuses to search for an aborted caller', async () => {
      const signal = AbortSignal.abort();
      await expect(search([1, 0, 0], { signal })).rejects.toMatchObject({ code: 'cancelled' });
      await expect(rest.upsertAborted(signal)).rejects.toMatchObject({ code: 'cancelled' });
    });
  });

  describe('search in random vectors', () => {
    const dimensions = 24;
    const { put, search } = bind(useStore(suite, dimensions));

    it('finds the same chunks with the same scores as comparing all of them', async () => {
      const random = createRandom(20_240_601);
      const chunks = Array.from({ length: 203 }, (_, number) =>
        makeChunk(`chunk-${number}`, randomVector(random, dimensions), { metadata: { group: number % 7 } }),
      );
      await put(...chunks);
      for (let round = 0; round < 5; round += 1) {
        const vector = randomVector(random, dimensions);
        for (const group of [undefined, round]) {
          const filter: Filter | undefined =
            group === undefined ? undefined : { type: 'eq', key: 'group', value: group };
          const expected = chunks
            .filter(({ metadata }) => group === undefined || metadata.group === group)
            .map(({ id, embedding }) => ({ id, score: plainCosine(vector, embedding) }))
            .sort((left, right) => right.score - left.score)
            .slice(0, 10);
          const found = await search(vector, { topK: 10, ...(filter !== undefined && { filter }) });
          expect(idsOf(found)).toEqual(idsOf(expected));
          for (const [position, { score }] of expected.entries()) expect(found[position]?.score).toBeCloseTo(score, 5);
        }
      }
    });
  });
}

function describeWriting(suite: VectorStoreSuite): void {
  describe('writing', () => {
    const clock = { now: Date.UTC(2030, 0, 1) };
    const target = useStore(suite, 3, () => clock.now);
    const { put, search } = bind(target);

    it('replaces a chunk by its id, and keeps the time it was created', async () => {
      await put(makeChunk('a', [1, 0, 0], { metadata: { old: true } }), makeChunk('b', [0, 1, 0]));
      const createdAt = new Date(clock.now);
      clock.now += 60_000;
      await put(makeChunk('a', [0, 0, 1], { content: 'new', documentId: 'other', metadata: { fresh: 1 } }));
      expect(await target.store.count(target.scope)).toBe(2);
      const [found] = await search([0, 0, 1], { topK: 1 });
      expect(found).toMatchObject({ id: 'a', content: 'new', createdAt, updatedAt: new Date(clock.now) });
      expect(found?.metadata).toEqual({ fresh: 1 });
      expect(idsOf(await target.store.listDocument('document', target.scope))).toEqual(['b']);
      expect(idsOf(await target.store.listDocument('other', target.scope))).toEqual(['a']);
    });

    it('lets the last one win when a call names an id twice', async () => {
      const report = await target.store.upsert(
        [makeChunk('a', [1, 0, 0], { content: 'first' }), makeChunk('a', [1, 0, 0], { content: 'second' })],
        target.scope,
      );
      expect(report).toEqual({ upserted: ['a'], failed: [] });
      expect((await search([1, 0, 0])).map(({ content }) => content)).toEqual(['second']);
    });

    it('reports the ids it stored, and accepts an empty list', async () => {
      expect(await target.store.upsert([], target.scope)).toEqual({ upserted: [], failed: [] });
      const report = await target.store.upsert([makeChunk('b', [1, 0, 0]), makeChunk('a', [1, 0, 0])], target.scope);
      expect(report).toEqual({ upserted: ['b', 'a'], failed: [] });
    });

    it('lists the chunks of a document by index, with the vectors as they were given', async () => {
      const vectors = [Float32Array.of(0.1, -0.2, 123.456), Float32Array.of(1e-8, 3, -7), Float32Array.of(0, 0, 1)];
      await put(
        ...[2, 0, 1].map((index) => makeChunk(`c${index}`, vectors[index] ?? [], { index, documentId: 'guide' })),
        makeChunk('stranger', [1, 0, 0]),
      );
      const listed = await target.store.listDocument('guide', target.scope);
      expect(listed.map(({ id, index }) => [id, index])).toEqual([
        ['c0', 0],
        ['c1', 1],
        ['c2', 2],
      ]);
      for (const [position, vector] of vectors.entries()) {
        expect(listed[position]?.embedding).toBeInstanceOf(Float32Array);
        expect(listed[position]?.embedding).toEqual(vector);
      }
      expect(await target.store.listDocument('nothing', target.scope)).toEqual([]);
    });

    it('deletes by id, skips ids that do not exist, and leaves the rest searchable', async () => {
      await put(...['a', 'b', 'c', 'd'].map((id, index) => makeChunk(id, [1, index, 0], { index })));
      const deleted = await target.store.delete({ ids: ['b', 'missing', 'a', 'b'] }, target.scope);
      expect(deleted).toEqual({ deleted: 2 });
      expect(idsOf(await search([1, 2, 0]))).toEqual(['c', 'd']);
      expect(await target.store.delete({ ids: [] }, target.scope)).toEqual({ deleted: 0 });
    });

    it('deletes the chunks of one document, however many there are', async () => {
      const many = Array.from({ length: 650 }, (_, index) => makeChunk(`c${index}`, [1, 0, 0], { index }));
      await put(...many, makeChunk('kept', [1, 0, 0], { documentId: 'other' }));
      expect(await target.store.delete({ documentId: 'document' }, target.scope)).toEqual({ deleted: 650 });
      expect(await target.store.delete({ documentId: 'document' }, target.scope)).toEqual({ deleted: 0 });
      expect(idsOf(await search([1, 0, 0]))).toEqual(['kept']);
    });

    it('deletes exactly what a filter selects', async () => {
      await put(
        makeChunk('a', [1, 0, 0], { metadata: { year: 2019 } }),
        makeChunk('b', [1, 0, 0], { metadata: { year: 2020 } }),
        makeChunk('c', [1, 0, 0], { metadata: { year: 2021 } }),
        makeChunk('d', [1, 0, 0]),
      );
      const filter: Filter = { type: 'lte', key: 'year', value: 2020 };
      expect(await target.store.delete({ filter }, target.scope)).toEqual({ deleted: 2 });
      expect(idsOf(await search([1, 0, 0]))).toEqual(['c', 'd']);
    });

    it('says that it is ready, and what it can do', async () => {
      await expect(target.store.ready()).resolves.toBeUndefined();
      expect(target.store.capabilities.maxTopK).toBe(1_000);
      expect(target.store.capabilities.maxDimensions).toBeGreaterThanOrEqual(2_000);
    });
  });
}

function describeScopes(suite: VectorStoreSuite): void {
  describe('scopes', () => {
    const target = useStore(suite, 3);
    const { put, search } = bind(target);

    it('keeps collections apart', async () => {
      const other = { collection: freshCollection(), tenant: null };
      await put(makeChunk('a', [1, 0, 0]));
      await target.store.upsert([makeChunk('a', [0, 1, 0]), makeChunk('b', [0, 1, 0])], other);
      expect(idsOf(await search([1, 0, 0]))).toEqual(['a']);
      expect([await target.store.count(target.scope), await target.store.count(other)]).toEqual([1, 2]);
      expect(await target.store.delete({ documentId: 'document' }, other)).toEqual({ deleted: 2 });
      expect(await target.store.count(target.scope)).toBe(1);
    });

    it('shows a tenant its own chunks alone, and nobody else what belongs to it', async () => {
      await put(
        makeChunk('common', [1, 0, 0]),
        makeChunk('own', [1, 0, 0], { tenant: 't1' }),
        makeChunk('foreign', [1, 0, 0], { tenant: 't2' }),
      );
      expect(idsOf(await search([1, 0, 0], { tenant: 't1' }))).toEqual(['own']);
      expect(idsOf(await search([1, 0, 0], { tenant: 't2' }))).toEqual(['foreign']);
      expect(idsOf(await search([1, 0, 0], { tenant: null }))).toEqual(['common']);
      expect(await search([1, 0, 0], { tenant: 'null' })).toEqual([]);
    });

    it('lets two tenants use the same id without touching each other', async () => {
      const scopeOf = (tenant: string | null) => ({ ...target.scope, tenant });
      for (const tenant of [null, 't1', 't2']) {
        await put(makeChunk('same', [1, 0, 0], { tenant, content: `of ${tenant}` }));
      }
      await put(makeChunk('same', [1, 0, 0], { tenant: 't1', content: 'replaced' }));
      expect((await search([1, 0, 0], { tenant: 't1' })).map(({ content }) => content)).toEqual(['replaced']);
      expect((await search([1, 0, 0], { tenant: 't2' })).map(({ content }) => content)).toEqual(['of t2']);
      expect(await target.store.delete({ ids: ['same'] }, scopeOf('t2'))).toEqual({ deleted: 1 });
      expect(await target.store.count(scopeOf('t1'))).toBe(1);
      expect(await target.store.count(scopeOf('t2'))).toBe(0);
      expect(await target.store.delete({ documentId: 'document' }, scopeOf(null))).toEqual({ deleted: 1 });
      expect(idsOf(await target.store.listDocument('document', scopeOf('t1')))).toEqual(['same']);
    });

    it('tells what made the vectors of a collection, whichever tenant they belong to', async () => {
      const held = () => target.store.heldModel({ collection: target.scope.collection });
      expect(await held()).toBeUndefined();
      await put(makeChunk('a', [1, 0, 0], { tenant: 't1', embeddingModel: 'one/model@3' }));
      expect(await held()).toBe('one/model@3');
      await put(makeChunk('b', [1, 0, 0], { tenant: 't2', embeddingModel: 'other/model@3' }));
      const first = await held();
      expect(['one/model@3', 'other/model@3']).toContain(first);
      expect(await held()).toBe(first);
      expect(await target.store.heldModel({ collection: freshCollection() })).toBeUndefined();
      for (const tenant of ['t1', 't2']) {
        await target.store.delete({ documentId: 'document' }, { ...target.scope, tenant });
      }
      expect(await held()).toBeUndefined();
    });

    it('deletes by filter inside the tenant alone', async () => {
      const metadata = { kind: 'x' };
      await put(makeChunk('a', [1, 0, 0], { metadata }), makeChunk('b', [1, 0, 0], { metadata, tenant: 't1' }));
      const filter: Filter = { type: 'eq', key: 'kind', value: 'x' };
      expect(await target.store.delete({ filter }, { ...target.scope, tenant: 't1' })).toEqual({ deleted: 1 });
      expect(idsOf(await search([1, 0, 0]))).toEqual(['a']);
    });
  });
}

function bind(target: StoreUnderTest) {
  return {
    put: target.put.bind(target),
    search: target.search.bind(target),
    upsertAborted: (signal: AbortSignal) =>
      target.store.upsert([makeChunk('a', [1, 0, 0])], { ...target.scope, signal }),
  };
}
