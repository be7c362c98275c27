import { randomUUID } from 'node:crypto';
import { Firestore } from '@google-cloud/firestore';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FirestoreProxy, startFirestoreProxy } from '../../scripts/bench/firestore-proxy.ts';
import { createEmbedder } from '../../shared/rag/embed.ts';
import { createRetriever } from '../../shared/rag/retrieve.ts';
import { createFirestoreVectorStore } from '../../shared/stores/vector/firestore.ts';
import { makeChunk } from '../contracts/vectors.ts';
import { createFakeEmbeddings } from '../support/fake-embeddings.ts';
import { describeWithFirestore } from '../support/services.ts';

const { signal } = new AbortController();

describeWithFirestore('a search in Firestore', (host) => {
  let proxy: FirestoreProxy;
  let client: Firestore;
  beforeAll(async () => {
    proxy = await startFirestoreProxy(host);
    process.env.FIRESTORE_EMULATOR_HOST = proxy.host;
    client = new Firestore({ projectId: `demo-${randomUUID()}` });
    process.env.FIRESTORE_EMULATOR_HOST = host;
  });
  afterAll(async () => {
    await client.terminate();
    await proxy.close();
  });

  it('is one nearest-neighbour query on the wire, and reads the documents it gives and no others', async () => {
    const vectorStore = createFirestoreVectorStore({ dimensions: 2, client, emulator: true, tenancy: true });
    const embedder = createEmbedder({ provider: createFakeEmbeddings().provider });
    const retriever = createRetriever({ embedder, vectorStore, paidReads: true });
    const chunks = Array.from({ length: 60 }, (_, index) =>
      makeChunk(`c-${index}`, [index + 1, 1], {
        metadata: { even: index % 2 === 0 },
        embeddingModel: 'fake/m@2',
        tenant: index < 40 ? 't1' : 't2',
      }),
    );
    await vectorStore.upsert(chunks, { collection: 'default', signal });
    const filter = { type: 'eq', key: 'even', value: true } as const;
    for (const [asked, documents] of [
      [{}, 5],
      [{ filter }, 5],
      [{ filter, minScore: 0.999 }, undefined],
    ] as const) {
      proxy.calls.length = 0;
      const { results } = await retriever.search({
        query: 'q',
        topK: 5,
        tenant: 't1',
        signal,
        mode: 'vector',
        ...asked,
      });
      expect(results.every(({ tenant }) => tenant === 't1')).toBe(true);
      await proxy.idle();
      expect(proxy.calls).toEqual([{ method: 'RunQuery', isNearest: true, documents: documents ?? results.length }]);
    }
    await vectorStore.close();
  });
});
