import { BulkWriter, type DocumentData, Firestore, Query, VectorValue } from '@google-cloud/firestore';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createFirestoreVectorStore } from '../../../../shared/stores/vector/firestore.ts';
import { describeVectorStore } from '../../../contracts/vector-store.ts';
import { freshCollection } from '../../../contracts/vector-store-harness.ts';
import { makeChunk } from '../../../contracts/vectors.ts';
import { describeWithFirestore, EMULATOR_PROJECT } from '../../../support/services.ts';

const emulated = { projectId: EMULATOR_PROJECT, emulator: true } as const;

describeWithFirestore('the Firestore vector store', () => {
  describeVectorStore({
    name: 'firestore',
    createStore: (options) => createFirestoreVectorStore({ ...emulated, ...options, tenancy: true, lexical: true }),
    searchesText: true,
    givesEmbeddings: true,
    refusesZeroVectors: true,
    refusedFilters: [
      { type: 'exists', key: 'category', value: false },
      {
        type: 'and',
        filters: [
          { type: 'ne', key: 'category', value: 'blog' },
          { type: 'ne', key: 'year', value: 2019 },
        ],
      },
      {
        type: 'and',
        filters: [
          { type: 'contains', key: 'tags', value: 'x' },
          { type: 'contains', key: 'tags', value: 'y' },
        ],
      },
      {
        type: 'or',
        filters: [
          { type: 'nin', key: 'year', value: [2019, 2021] },
          { type: 'eq', key: 'draft', value: true },
        ],
      },
      {
        type: 'or',
        filters: [
          { type: 'gt', key: 'rating', value: 0 },
          { type: 'eq', key: 'draft', value: true },
        ],
      },
      { type: 'in', key: 'year', value: [2019, ...Array.from({ length: 30 }, (_, i) => i)] },
    ],
  });

  describe('what it writes', () => {
    let database: Firestore;
    beforeAll(() => {
      database = new Firestore({ projectId: EMULATOR_PROJECT });
    });
    afterAll(() => database.terminate());

    const rawDocument = async (path: string): Promise<DocumentData | undefined> =>
      (await database.doc(path).get()).data();

    it('stores one document per chunk, with the vector as a Firestore vector', async () => {
      const collection = freshCollection();
      const now = () => Date.UTC(2031, 4, 6);
      const store = createFirestoreVectorStore({ ...emulated, dimensions: 2, collection, now });
      await store.upsert([makeChunk('a', [0.5, -1], { metadata: { category: 'documentation' } })], {
        collection: 'default',
      });
      const document = await rawDocument(`${collection}/a`);
      expect(document).toMatchObject({
        content: 'content of a',
        documentId: 'document',
        index: 0,
        contentHash: 'a'.repeat(64),
        embeddingModel: 'test/vectors@3',
        metadata: { category: 'documentation' },
        tenant: null,
      });
      expect(document?.embedding).toBeInstanceOf(VectorValue);
      expect(document?.embedding.toArray()).toEqual([0.5, -1]);
      expect(document?.createdAt.toMillis()).toBe(now());
      expect(document?.updatedAt.toMillis()).toBe(now());
      await store.close();
    });

    it('keeps another collection in a Firestore collection of its own', async () => {
      const collection = freshCollection();
      const store = createFirestoreVectorStore({ ...emulated, dimensions: 2, collection });
      await store.upsert([makeChunk('a', [1, 0])], { collection: 'manuals' });
      expect(await rawDocument(`${collection}_manuals/a`)).toBeDefined();
      expect(await rawDocument(`${collection}/a`)).toBeUndefined();
      await store.close();
    });

    it('does not let an id of one tenant meet the document of another', async () => {
      const collection = freshCollection();
      const store = createFirestoreVectorStore({ ...emulated, dimensions: 2, collection, tenancy: true });
      await store.upsert([makeChunk('a', [1, 0], { tenant: 't1' })], { collection: 'default' });
      const [reference] = await database.collection(collection).listDocuments();
      expect(reference?.id).toMatch(/^[\w-]{43}\\a$/);
      const forged = makeChunk(reference?.id ?? '', [0, 1]);
      await expect(store.upsert([forged], { collection: 'default' })).rejects.toMatchObject({ param: 'chunks[0].id' });
      await store.close();
    });

    it('writes 1,201 chunks in requests of bounded size and waits for all of them', async () => {
      const collection = freshCollection();
      const store = createFirestoreVectorStore({ ...emulated, dimensions: 768, collection });
      const embedding = Float32Array.from({ length: 768 }, (_, position) => Math.sin(position + 1));
      const chunks = Array.from({ length: 1_201 }, (_, index) => makeChunk(`c${index}`, embedding, { index }));
      const report = await store.upsert(chunks, { collection: 'default' });
      expect(report.upserted).toHaveLength(1_201);
      expect((await database.collection(collection).count().get()).data().count).toBe(1_201);
      await store.close();
    });

    it('writes large chunks that together exceed what one request may hold', async () => {
      const collection = freshCollection();
      const store = createFirestoreVectorStore({ ...emulated, dimensions: 2_048, collection, timeoutMs: 60_000 });
      const embedding = Float32Array.from({ length: 2_048 }, (_, position) => Math.cos(position));
      const content = 'x'.repeat(900_000);
      const chunks = Array.from({ length: 9 }, (_, index) => makeChunk(`c${index}`, embedding, { index, content }));
      const report = await store.upsert(chunks, { collection: 'default' });
      expect(report.upserted).toHaveLength(9);
      const again = await store.upsert(chunks, { collection: 'default' });
      expect(again.upserted).toHaveLength(9);
      await store.close();
    });

    it('reports the one write that Firestore rejects, and keeps the others', async () => {
      const store = createFirestoreVectorStore({ ...emulated, dimensions: 2, collection: freshCollection() });
      const create = BulkWriter.prototype.create;
      vi.spyOn(BulkWriter.prototype, 'create').mockImplementation(function (this: BulkWriter, reference, data) {
        if (reference.id === 'b') return Promise.reject(Object.assign(new Error('7 PERMISSION_DENIED'), { code: 7 }));
        return create.call(this, reference, data) as never;
      });
      const chunks = ['a', 'b', 'c'].map((id, index) => makeChunk(id, [1, 0], { index }));
      const report = await store.upsert(chunks, { collection: 'default' });
      expect(report.upserted).toEqual(['a', 'c']);
      expect(report.failed).toEqual([{ id: 'b', error: expect.objectContaining({ code: 'permission' }) }]);
      expect(await store.count({ collection: 'default', tenant: null })).toBe(2);
      await store.close();
    });

    it('stores content up to the limit of a document, and refuses more before anything is sent', async () => {
      const store = createFirestoreVectorStore({ ...emulated, dimensions: 4, collection: freshCollection() });
      const scope = { collection: 'default', tenant: null };
      const sized = (bytes: number) => makeChunk('a', [1, 0, 0, 0], { content: 'é'.repeat(bytes / 2) });
      await expect(store.upsert([sized(1_047_000)], scope)).resolves.toMatchObject({ upserted: ['a'] });
      const open = vi.spyOn(Firestore.prototype, 'bulkWriter');
      await expect(store.upsert([makeChunk('b', [1, 0, 0, 0]), sized(1_048_600)], scope)).rejects.toMatchObject({
        code: 'too_large',
      });
      expect(open).not.toHaveBeenCalled();
      expect(await store.count(scope)).toBe(1);
      await store.close();
    });
  });

  describe('how it searches', () => {
    const scope = { collection: 'default', tenant: null };

    it('asks one nearest-neighbour query with the limit, the measure and the filter, and reads nothing else', async () => {
      const store = createFirestoreVectorStore({ ...emulated, dimensions: 2, collection: freshCollection() });
      const findNearest = vi.spyOn(Query.prototype, 'findNearest');
      const where = vi.spyOn(Query.prototype, 'where');
      const get = vi.spyOn(Query.prototype, 'get');
      const vector = Float32Array.of(1, 0.5);
      const filter = { type: 'eq', key: 'category', value: 'documentation' } as const;
      await store.query({ vector, topK: 5, minScore: 0.7, filter, ...scope });
      expect(findNearest).toHaveBeenCalledOnce();
      expect(findNearest).toHaveBeenCalledWith({
        vectorField: 'embedding',
        queryVector: [1, 0.5],
        limit: 5,
        distanceMeasure: 'COSINE',
        distanceResultField: 'distance',
        distanceThreshold: expect.closeTo(0.3, 5),
      });
      expect(where).toHaveBeenCalledOnce();
      expect(get).not.toHaveBeenCalled();
      await store.close();
    });

    it('sends no query that breaks a rule', async () => {
      const store = createFirestoreVectorStore({ ...emulated, dimensions: 2, collection: freshCollection() });
      const findNearest = vi.spyOn(Query.prototype, 'findNearest');
      const broken = [
        { vector: Float32Array.of(1, Number.NaN), topK: 5 },
        { vector: Float32Array.of(1), topK: 5 },
        { vector: Float32Array.of(1, 0), topK: 1_001 },
      ];
      for (const query of broken) {
        await expect(store.query({ ...query, ...scope })).rejects.toMatchObject({ code: 'invalid_request' });
      }
      expect(findNearest).not.toHaveBeenCalled();
      await store.close();
    });

    it('scores euclidean distance d with 1 / (1 + d)', async () => {
      const options = { ...emulated, dimensions: 2, collection: freshCollection(), distance: 'euclidean' } as const;
      const store = createFirestoreVectorStore(options);
      const findNearest = vi.spyOn(Query.prototype, 'findNearest');
      await store.upsert([makeChunk('five', [3, 4]), makeChunk('one', [1, 0]), makeChunk('zero', [0, 0])], scope);
      const vector = Float32Array.of(0, 0);
      const results = await store.query({ vector, topK: 5, ...scope });
      expect(results.map(({ id, score }) => [id, score])).toEqual([
        ['zero', 1],
        ['one', expect.closeTo(0.5, 6)],
        ['five', expect.closeTo(1 / 6, 6)],
      ]);
      const near = await store.query({ vector, topK: 5, minScore: 0.5, ...scope });
      expect(near.map(({ id }) => id)).toEqual(['zero', 'one']);
      expect(findNearest).toHaveBeenLastCalledWith(
        expect.objectContaining({ distanceMeasure: 'EUCLIDEAN', distanceThreshold: expect.closeTo(1, 4) }),
      );
      expect((await store.query({ vector, topK: 5, minScore: 1, ...scope })).map(({ id }) => id)).toEqual(['zero']);
      expect(await store.query({ vector, topK: 5, minScore: 0, ...scope })).toHaveLength(3);
      await store.close();
    });

    it('scores by dot product without bounds, and keeps what reaches the lowest score', async () => {
      const options = { ...emulated, dimensions: 3, collection: freshCollection(), distance: 'dot_product' } as const;
      const store = createFirestoreVectorStore(options);
      const findNearest = vi.spyOn(Query.prototype, 'findNearest');
      await store.upsert(
        [makeChunk('high', [4, 5, 6]), makeChunk('equal', [0.8, 0, 0]), makeChunk('negative', [-1, 0, 0])],
        scope,
      );
      const all = await store.query({ vector: Float32Array.of(1, 2, 3), topK: 5, ...scope });
      expect(all.map(({ id, score }) => [id, score])).toEqual([
        ['high', 32],
        ['equal', expect.closeTo(0.8, 6)],
        ['negative', -1],
      ]);
      const high = await store.query({ vector: Float32Array.of(1, 2, 3), topK: 5, minScore: 0.8, ...scope });
      expect(high.map(({ id }) => id)).toEqual(['high', 'equal']);
      expect(findNearest).toHaveBeenLastCalledWith(
        expect.objectContaining({ distanceMeasure: 'DOT_PRODUCT', distanceThreshold: expect.closeTo(0.8, 5) }),
      );
      await store.close();
    });

    it('names the command that creates a missing index', async () => {
      const store = createFirestoreVectorStore({ ...emulated, dimensions: 384 });
      const failure = Object.assign(new Error('9 FAILED_PRECONDITION: see https://internal'), { code: 9 });
      const nearest = vi.spyOn(Query.prototype, 'findNearest');
      nearest.mockReturnValue({ get: () => Promise.reject(failure) } as never);
      const vector = new Float32Array(384).fill(1);
      const plain = store.query({ vector, topK: 5, ...scope });
      await expect(plain).rejects.toMatchObject({
        code: 'configuration',
        retryable: true,
        message: expect.stringContaining(
          'gcloud firestore indexes composite create --collection-group=embeddings --query-scope=COLLECTION ' +
            `--field-config=field-path=embedding,vector-config='{"dimension":"384","flat":{}}'`,
        ),
      });
      const filter = { type: 'eq', key: 'category', value: 'x' } as const;
      await expect(store.query({ vector, topK: 5, filter, ...scope })).rejects.toMatchObject({
        message: expect.stringContaining('--field-config=field-path=metadata.category,order=ASCENDING --field-config='),
      });
      await expect(store.query({ vector, topK: 5, ...scope })).rejects.toMatchObject({
        message: expect.not.stringContaining('internal'),
      });
      await store.close();
    });
  });

  describe('without tenancy', () => {
    it('refuses tenants and names the setting', async () => {
      const store = createFirestoreVectorStore({ ...emulated, dimensions: 2, collection: freshCollection() });
      const refusal = { code: 'configuration', message: expect.stringContaining('vectorstore.tenancy: true') };
      const scope = { collection: 'default', tenant: 't1' };
      await expect(store.upsert([makeChunk('a', [1, 0], { tenant: 't1' })], scope)).rejects.toMatchObject(refusal);
      const query = store.query({ vector: Float32Array.of(1, 0), topK: 1, ...scope });
      await expect(query).rejects.toMatchObject(refusal);
      await expect(store.count(scope)).rejects.toMatchObject(refusal);
      await expect(store.delete({ ids: ['a'] }, scope)).rejects.toMatchObject(refusal);
      await store.close();
    });

    it('never returns or deletes what belongs to a tenant', async () => {
      const collection = freshCollection();
      const shared = { ...emulated, dimensions: 2, collection };
      const [tenants, plain] = [true, false].map((tenancy) => createFirestoreVectorStore({ ...shared, tenancy }));
      const scope = { collection: 'default', tenant: null };
      await tenants?.upsert([makeChunk('a', [1, 0], { tenant: 't1' }), makeChunk('b', [0, 1])], scope);
      const found = await plain?.query({ vector: Float32Array.of(1, 0), topK: 5, ...scope });
      expect(found?.map(({ id }) => id)).toEqual(['b']);
      expect(await plain?.count(scope)).toBe(1);
      expect(await plain?.delete({ documentId: 'document' }, scope)).toEqual({ deleted: 1 });
      expect(await tenants?.count({ ...scope, tenant: 't1' })).toBe(1);
      await Promise.all([tenants?.close(), plain?.close()]);
    });
  });
});
