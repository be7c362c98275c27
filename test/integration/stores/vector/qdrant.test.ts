import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Filter } from '../../../../shared/contracts/filter.ts';
import type { VectorStore } from '../../../../shared/contracts/vector-store.ts';
import { createHttpClient, type HttpClient } from '../../../../shared/security/http-fetch.ts';
import { createQdrantVectorStore, type QdrantVectorStoreOptions } from '../../../../shared/stores/vector/qdrant.ts';
import { describeVectorStore } from '../../../contracts/vector-store.ts';
import { idsOf } from '../../../contracts/vector-store-harness.ts';
import { makeChunk } from '../../../contracts/vectors.ts';
import { type QdrantServer, startQdrantServer } from '../../../support/qdrant-server.ts';

const scope = { collection: 'default', tenant: null };
const API_KEY = 'hush-hush';

describe('the Qdrant store', () => {
  let http: HttpClient;
  let server: QdrantServer;
  let names = 0;
  beforeAll(async () => {
    http = createHttpClient();
    server = await startQdrantServer({ apiKey: API_KEY });
  });
  afterEach(() => {
    expect(server.faults).toEqual([]);
  });
  afterAll(async () => {
    await http.close();
    await server.close();
  });

  const freshName = (): string => {
    names += 1;
    return `collection-${names}`;
  };
  const open = (options: Partial<QdrantVectorStoreOptions> = {}): VectorStore =>
    createQdrantVectorStore({ url: server.url, fetch: http.fetch, apiKey: API_KEY, dimensions: 3, ...options });
  const since = (position: number) => server.requests.slice(position).map(({ operation }) => operation);

  describeVectorStore({
    name: 'qdrant',
    createStore: ({ dimensions, ...options }) => open({ dimensions, collection: `suite-${dimensions}`, ...options }),
    givesEmbeddings: true,
    refusedFilters: [
      { type: 'gt', key: 'category', value: 'c' },
      { type: 'lte', key: 'category', value: 'blog' },
    ],
  });

  describeVectorStore({
    name: 'qdrant with words',
    createStore: ({ dimensions, ...options }) =>
      open({ dimensions, lexical: true, collection: `words-${dimensions}`, ...options }),
    givesEmbeddings: true,
    searchesText: true,
    refusedFilters: [
      { type: 'gt', key: 'category', value: 'c' },
      { type: 'lte', key: 'category', value: 'blog' },
    ],
  });

  describe('search by words', () => {
    it('puts a rare word before a frequent one, which only Qdrant can weigh', async () => {
      const store = open({ collection: freshName(), lexical: true });
      const contents = ['pump', 'pump', 'pump', 'pump', 'valve'].map((word) => `The ${word} is in the cellar.`);
      await store.upsert(
        contents.map((content, index) => makeChunk(`c${index}`, [1, 0, 0], { content })),
        scope,
      );
      const found = await store.searchText?.({ text: 'pump or valve', topK: 3, ...scope });
      expect(idsOf(found ?? [])).toEqual(['c4', 'c0', 'c1']);
    });

    it('is refused by a collection that was made without, with what to do', async () => {
      const collection = freshName();
      await open({ collection }).upsert([makeChunk('a', [1, 0, 0])], scope);
      await expect(open({ collection, lexical: true }).count(scope)).rejects.toMatchObject({
        code: 'configuration',
        message: expect.stringContaining('Name another collection'),
      });
      // The other way round there is nothing in the way.
      const words = freshName();
      await open({ collection: words, lexical: true }).upsert([makeChunk('a', [1, 0, 0])], scope);
      expect(await open({ collection: words }).count(scope)).toBe(1);
    });
  });

  describe('what it makes of Qdrant', () => {
    it('creates its collection once, with what tells scopes apart quickly', async () => {
      const collection = freshName();
      const stores = Array.from({ length: 3 }, () => open({ collection }));
      await Promise.all(stores.map((store, index) => store.upsert([makeChunk(`c${index}`, [1, 0, 0])], scope)));
      expect(await stores[0]?.count(scope)).toBe(3);
      const made = server.collections.get(collection);
      expect(made).toMatchObject({ size: 3, distance: 'Cosine' });
      expect(Object.fromEntries(made?.indexes ?? [])).toEqual({
        scope: { type: 'keyword', is_tenant: true },
        collection: { type: 'keyword' },
        document_id: { type: 'keyword' },
        present: { type: 'keyword' },
      });
      const before = server.requests.length;
      await open({ collection }).ready();
      expect(since(before)).toEqual(['info', 'info']);
    });

    it('creates the index that a start cut short left out', async () => {
      const collection = freshName();
      await open({ collection }).ready();
      server.collections.get(collection)?.indexes.delete('document_id');
      await open({ collection }).ready();
      expect(server.collections.get(collection)?.indexes.get('document_id')).toEqual({ type: 'keyword' });
    });

    it('knows the model of points that were written when they named their scope alone', async () => {
      const collection = freshName();
      const store = open({ collection });
      await store.upsert([makeChunk('a', [1, 0, 0])], scope);
      for (const { payload } of server.collections.get(collection)?.points.values() ?? [])
        Reflect.deleteProperty(payload, 'collection');
      expect(await store.heldModel(scope)).toBe('test/vectors@3');
      expect(await store.heldModel({ collection: 'other' })).toBeUndefined();
    });

    it('writes ids that are UUIDs made of the id, the collection and the tenant', async () => {
      const collection = freshName();
      const store = open({ collection });
      await store.upsert([makeChunk('a', [1, 0, 0]), makeChunk('a', [1, 0, 0], { tenant: 't1' })], scope);
      await store.upsert([makeChunk('a', [1, 0, 0])], { collection: 'other' });
      const points = [...(server.collections.get(collection)?.points.values() ?? [])];
      expect(points.map(({ payload }) => payload.scope)).toEqual(['default', 'default:t1', 'other']);
      const ids = points.map(({ id }) => id);
      expect(new Set(ids).size).toBe(3);
      // It must never change: the points of a running deployment are found by it.
      expect(ids[0]).toBe('889db8f3-3f2b-5626-b927-6e79363c2ed8');
    });

    it.each([
      ['another length', { dimensions: 4 }, /3 dimensions, but 4 are configured/],
      ['another distance', { distance: 'euclidean' }, /by Cosine, but Euclid is configured/],
    ] as const)('refuses a collection with %s', async (_title, options, message) => {
      const collection = freshName();
      await open({ collection }).ready();
      await expect(open({ collection, ...options }).ready()).rejects.toMatchObject({
        code: 'configuration',
        param: 'vectorstore.qdrant.collection',
        message: expect.stringMatching(message),
      });
    });

    it('writes in requests of bounded size', async () => {
      const store = open({ collection: freshName(), dimensions: 1_536 });
      const before = server.requests.length;
      const embedding = Float32Array.from({ length: 1_536 }, (_, position) => Math.sin(position + 1));
      const content = 'x'.repeat(100_000);
      const chunks = Array.from({ length: 300 }, (_, index) => makeChunk(`c${index}`, embedding, { index, content }));
      expect((await store.upsert(chunks, scope)).upserted).toHaveLength(300);
      const writes = server.requests.slice(before).filter(({ operation }) => operation === 'upsert');
      expect(writes.length).toBeGreaterThan(1);
      for (const { bytes } of writes) expect(bytes).toBeLessThan(20 * 1_048_576);
      expect(await store.listDocument('document', scope)).toHaveLength(300);
    });

    it('compares a vector too short for Qdrant to scale', async () => {
      const store = open({ collection: freshName() });
      await store.upsert([makeChunk('tiny', [1e-5, 0, 0]), makeChunk('slanted', [1, 1, 0])], scope);
      const found = await store.query({ vector: Float32Array.of(2e-6, 0, 0), topK: 2, ...scope });
      expect(found.map(({ id, score }) => [id, score])).toEqual([
        ['tiny', expect.closeTo(1, 5)],
        ['slanted', expect.closeTo(Math.SQRT1_2, 5)],
      ]);
    });

    it('keeps the first ids of many with the same score', async () => {
      const store = open({ collection: freshName() });
      const chunks = Array.from({ length: 120 }, (_, index) =>
        makeChunk(`c${String(index).padStart(3, '0')}`, [1, 1, 0]),
      );
      await store.upsert(chunks, scope);
      const search = (vector: readonly number[]) =>
        store.query({ vector: Float32Array.from(vector), topK: 2, ...scope });
      expect(idsOf(await search([1, 0, 0]))).toEqual(['c000', 'c001']);
      expect(idsOf(await search([0, 0, 0]))).toEqual(['c000', 'c001']);
    });

    it.each([
      [
        'euclidean',
        [
          ['b', 1 / 2],
          ['a', 1 / 6],
        ],
        [0, 0],
      ],
      [
        'dot_product',
        [
          ['a', 3],
          ['b', 1],
        ],
        [1, 0],
      ],
    ] as const)('scores by %s', async (distance, expected, at) => {
      const store = open({ collection: freshName(), dimensions: 2, distance });
      await store.upsert([makeChunk('a', [3, 4]), makeChunk('b', [1, 0])], scope);
      const found = await store.query({ vector: Float32Array.from(at), topK: 2, ...scope });
      expect(found.map(({ id, score }) => [id, score])).toEqual(
        expected.map(([id, score]) => [id, expect.closeTo(score, 6)]),
      );
    });

    it.each(['euclidean', 'dot_product'] as const)('refuses lengths that have no score by %s', async (distance) => {
      const store = open({ collection: freshName(), distance });
      const refusal = { code: 'invalid_request', message: expect.stringContaining('Scale the vectors') };
      await expect(store.upsert([makeChunk('a', [1e16, 0, 0])], scope)).rejects.toMatchObject(refusal);
      const query = store.query({ vector: Float32Array.of(1e16, 0, 0), topK: 1, ...scope });
      await expect(query).rejects.toMatchObject(refusal);
    });

    it('leaves a large collection to the index, and counts it once a minute', async () => {
      const clock = { now: 0 };
      const store = open({ collection: freshName(), exactUpTo: 1, now: () => clock.now });
      const search = async () => {
        const before = server.requests.length;
        await store.query({ vector: Float32Array.of(1, 0, 0), topK: 1, ...scope });
        return server.requests.slice(before).map(({ operation, body }) => [operation, body.params]);
      };
      await store.upsert([makeChunk('a', [1, 0, 0])], scope);
      expect(await search()).toEqual([
        ['count', undefined],
        ['query', { exact: true }],
      ]);
      await store.upsert([makeChunk('b', [1, 0, 0])], scope);
      expect(await search()).toEqual([['query', { exact: true }]]);
      clock.now += 60_000;
      expect(await search()).toEqual([
        ['count', undefined],
        ['query', { hnsw_ef: expect.any(Number) }],
      ]);
    });

    it('tells fields apart whose names only look alike in a path', async () => {
      const store = open({ collection: freshName() });
      const names = ['a b', 'a-b', 'a_b', '_6120', 'a', '[0]', '"a"', 'ü'];
      await store.upsert(
        names.map((name) =>
          makeChunk(`id of ${Buffer.from(name).toString('hex')}`, [1, 0, 0], { metadata: { [name]: 1 } }),
        ),
        scope,
      );
      for (const name of names) {
        const filter: Filter = { type: 'eq', key: name, value: 1 };
        const found = await store.query({ vector: Float32Array.of(1, 0, 0), topK: 10, filter, ...scope });
        expect(idsOf(found)).toEqual([`id of ${Buffer.from(name).toString('hex')}`]);
      }
    });
  });
});
