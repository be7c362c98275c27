import { Firestore, Query, VectorValue } from '@google-cloud/firestore';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { VectorStore } from '../../../../shared/contracts/vector-store.ts';
import { createLocalEmbeddings } from '../../../../shared/embeddings/local.ts';
import { createEmbedder } from '../../../../shared/rag/embed.ts';
import { createIngestion } from '../../../../shared/rag/ingest.ts';
import { createRetriever } from '../../../../shared/rag/retrieve.ts';
import { createMemoryDocumentStore } from '../../../../shared/stores/document/memory.ts';
import { createFirestoreVectorStore } from '../../../../shared/stores/vector/firestore.ts';
import { freshCollection } from '../../../contracts/vector-store-harness.ts';
import { makeChunk } from '../../../contracts/vectors.ts';
import { describeWithFirestore, EMULATOR_PROJECT } from '../../../support/services.ts';

const emulated = { projectId: EMULATOR_PROJECT, emulator: true } as const;
const scope = { collection: 'default', tenant: null };

describeWithFirestore('Firestore’s search by words', () => {
  let collection: string;
  let store: VectorStore;
  beforeEach(() => {
    collection = freshCollection();
    store = createFirestoreVectorStore({ ...emulated, dimensions: 2, collection, lexical: true });
  });
  afterEach(() => store.close());

  const put = (contents: readonly string[]) =>
    store.upsert(
      contents.map((content, index) => makeChunk(`c${index}`, [1, 0], { content, index })),
      scope,
    );

  it('stores the words as a second vector, also when a chunk is replaced, and none unless it is set up', async () => {
    const database = new Firestore({ projectId: EMULATOR_PROJECT });
    const lexicalOf = async () => (await database.doc(`${collection}/c0`).get()).get('lexical');
    await put(['a valve']);
    const first = await lexicalOf();
    expect(first).toBeInstanceOf(VectorValue);
    expect(first.toArray()).toHaveLength(2_048);
    await put(['a rudder']);
    expect((await lexicalOf()).isEqual(first)).toBe(false);
    const plain = createFirestoreVectorStore({ ...emulated, dimensions: 2, collection: freshCollection() });
    expect(plain.searchText).toBeUndefined();
    await plain.close();
    await database.terminate();
  });

  it('is one nearest-neighbour query that asks for no more than is wanted', async () => {
    await put(['a valve', 'valves and pumps', 'a rudder', 'a wing']);
    const findNearest = vi.spyOn(Query.prototype, 'findNearest');
    const get = vi.spyOn(Query.prototype, 'get');
    const found = await store.searchText?.({ text: 'the valve', topK: 2, ...scope });
    expect(found?.map(({ id }) => id)).toEqual(['c0', 'c1']);
    expect(findNearest).toHaveBeenCalledOnce();
    expect(findNearest).toHaveBeenCalledWith({
      vectorField: 'lexical',
      queryVector: expect.any(Array),
      limit: 2,
      distanceMeasure: 'COSINE',
      distanceResultField: 'distance',
    });
    expect(get).not.toHaveBeenCalled();
  });

  it('asks nothing for a text without words', async () => {
    const findNearest = vi.spyOn(Query.prototype, 'findNearest');
    expect(await store.searchText?.({ text: 'of the', topK: 2, ...scope })).toEqual([]);
    expect(findNearest).not.toHaveBeenCalled();
  });

  it('names the command that creates its missing index', async () => {
    const failure = Object.assign(new Error('9 FAILED_PRECONDITION'), { code: 9 });
    vi.spyOn(Query.prototype, 'findNearest').mockReturnValue({ get: () => Promise.reject(failure) } as never);
    await expect(store.searchText?.({ text: 'valve', topK: 2, ...scope })).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining(`field-path=lexical,vector-config='{"dimension":"2048","flat":{}}'`),
    });
  });

  it('makes requests of bounded size of chunks whose words and vectors are long', async () => {
    const dimensions = 2_048;
    const wide = createFirestoreVectorStore({ ...emulated, dimensions, collection, lexical: true, timeoutMs: 60_000 });
    const embedding = Float32Array.from({ length: dimensions }, (_, position) => Math.cos(position));
    const chunks = Array.from({ length: 260 }, (_, index) =>
      makeChunk(`c${index}`, embedding, { index, content: `valve number ${index} ${'of the pump '.repeat(80)}` }),
    );
    expect((await wide.upsert(chunks, scope)).upserted).toHaveLength(260);
    const found = await wide.searchText?.({ text: 'number 217', topK: 1, ...scope });
    expect(found?.map(({ id }) => id)).toEqual(['c217']);
    await wide.close();
  });

  it('gets the words of passages that were stored without them, and embeds nothing for it', async () => {
    const dimensions = 64;
    const documentStore = createMemoryDocumentStore();
    const local = createLocalEmbeddings({ dimensions });
    const embed = vi.spyOn(local, 'embed');
    const { signal } = new AbortController();
    const ingestInto = (vectorStore: VectorStore) =>
      createIngestion({
        embedder: createEmbedder({ provider: local, cacheEntries: 0 }),
        vectorStore,
        documentStore,
      }).ingest({ id: 'pumps', content: 'A valve keeps the water back.', tenant: null }, { signal });
    const plain = createFirestoreVectorStore({ ...emulated, dimensions, collection });
    const worded = createFirestoreVectorStore({ ...emulated, dimensions, collection, lexical: true });
    await ingestInto(plain);
    expect(await worded.searchText?.({ text: 'valves', topK: 2, ...scope })).toEqual([]);
    embed.mockClear();
    expect(await ingestInto(worded)).toMatchObject({ status: 'ready', chunks: 1, embedded: 0, skipped: 1 });
    expect(await worded.searchText?.({ text: 'valves', topK: 2, ...scope })).toMatchObject([{ documentId: 'pumps' }]);
    expect(await ingestInto(worded)).toMatchObject({ status: 'unchanged' });
    expect(embed).not.toHaveBeenCalled();
    await plain.close();
    await worded.close();
  });

  it('reads the chunks around a hit and no others', async () => {
    await put(Array.from({ length: 12 }, (_, index) => `paragraph ${index}`));
    const stored = await store.listDocument('document', { ...scope, indexes: [3, 5, 11, 40] });
    expect(stored.map(({ index }) => index)).toEqual([3, 5, 11]);
    expect(await store.listDocument('document', { ...scope, indexes: [] })).toEqual([]);
  });

  describe('together with the vectors', () => {
    it('is two queries of the wanted size, and one ranking', async () => {
      const dimensions = 256;
      const hybrid = createFirestoreVectorStore({ ...emulated, dimensions, collection, lexical: true });
      const embedder = createEmbedder({ provider: createLocalEmbeddings({ dimensions }) });
      const contents = ['the pump moves water', 'a valve, error E-4711', 'roses in the garden', 'the lift of a wing'];
      const { signal } = new AbortController();
      const { vectors } = await embedder.embedDocuments(contents, { signal });
      await hybrid.upsert(
        contents.map((content, index) =>
          makeChunk(`c${index}`, vectors[index] ?? [], { content, index, embeddingModel: embedder.fingerprint ?? '' }),
        ),
        scope,
      );
      const findNearest = vi.spyOn(Query.prototype, 'findNearest');
      const retriever = createRetriever({
        embedder,
        vectorStore: hybrid,
        paidReads: true,
        fusion: { method: 'convex' },
      });
      const search = { query: 'error E-4711', topK: 2, tenant: null, signal };
      const { results, store: cost } = await retriever.search(search);
      expect(results[0]).toMatchObject({ id: 'c1', similarity: expect.any(Number), wordScore: expect.any(Number) });
      expect(findNearest.mock.calls.map(([options]) => (options as { limit: number }).limit)).toEqual([2, 2]);
      expect(cost.searches).toBe(2);
      const none = await retriever.search({ ...search, minScore: 0.99 });
      expect(none.results).toEqual([]);
      await hybrid.close();
    });
  });
});
