import { describe, expect, test } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import type { VectorQuery } from '../../../shared/contracts/vector-store.ts';
import { createLocalEmbeddings } from '../../../shared/embeddings/local.ts';
import { createEmbedder } from '../../../shared/rag/embed.ts';
import { createIngestion } from '../../../shared/rag/ingest.ts';
import { createRetriever } from '../../../shared/rag/retrieve.ts';
import { createMemoryDocumentStore } from '../../../shared/stores/document/memory.ts';
import { createMemoryVectorStore } from '../../../shared/stores/vector/memory.ts';
import { createFakeEmbeddings, toFakeVector } from '../../support/fake-embeddings.ts';

const { signal } = new AbortController();

async function createWorld(dimensions = 256) {
  const vectorStore = createMemoryVectorStore({ dimensions });
  const embedder = createEmbedder({ provider: createLocalEmbeddings({ dimensions }) });
  const ingestion = createIngestion({ embedder, vectorStore, documentStore: createMemoryDocumentStore() });
  const documents = [
    { id: 'aixgo', content: 'Aixgo is a production-grade AI framework', metadata: { lang: 'en' } },
    { id: 'rag', content: 'RAG combines retrieval with generation', metadata: { lang: 'de' } },
  ];
  await ingestion.ingestMany(
    documents.map((document) => ({ ...document, tenant: null })),
    { signal },
  );
  return { vectorStore, embedder, retriever: createRetriever({ embedder, vectorStore }) };
}

describe('a search', () => {
  const common = { query: 'What is Aixgo?', topK: 3, tenant: null, signal, mode: 'vector' } as const;

  test('gives the best chunks first, at most as many as there are', async () => {
    const { retriever } = await createWorld();
    const { results, tokens } = await retriever.search(common);
    expect(results.map(({ documentId }) => documentId)).toEqual(['aixgo', 'rag']);
    expect(results[0]?.score).toBeGreaterThan(results[1]?.score ?? 1);
    expect(tokens).toBeGreaterThan(0);
  });

  test('keeps to the least score, the filter, the collection and the tenant', async () => {
    const { retriever } = await createWorld();
    const found = async (more: object) =>
      (await retriever.search({ ...common, ...more })).results.map(({ documentId }) => documentId);
    expect(await found({ minScore: 0.1 })).toEqual(['aixgo']);
    expect(await found({ minScore: 0.99 })).toEqual([]);
    expect(await found({ filter: { type: 'eq', key: 'lang', value: 'de' } })).toEqual(['rag']);
    expect(await found({ collection: 'other' })).toEqual([]);
    expect(await found({ tenant: 'acme' })).toEqual([]);
    expect(await found({ topK: 1 })).toEqual(['aixgo']);
  });

  test('gives the store the text as well, for those that rank by words', async () => {
    const { vectorStore, embedder } = await createWorld();
    const queries: VectorQuery[] = [];
    const watched = {
      ...vectorStore,
      query: async (query: VectorQuery) => {
        queries.push(query);
        return [];
      },
    };
    await createRetriever({ embedder, vectorStore: watched }).search(common);
    expect(queries).toMatchObject([{ text: 'What is Aixgo?', topK: 3, collection: 'default', tenant: null, signal }]);
  });

  test('of more than the embedding model takes is refused by name, and of a message as much as it takes is looked for', async () => {
    const { provider, batches } = createFakeEmbeddings({ maxInputTokens: 60 });
    const vectorStore = createMemoryVectorStore({ dimensions: 2 });
    const retriever = createRetriever({ embedder: createEmbedder({ provider }), vectorStore });
    const query = `Where is it? ${'word '.repeat(200)} End.`;
    await expect(retriever.search({ ...common, query })).rejects.toMatchObject({
      code: 'invalid_request',
      param: 'query',
      message: expect.stringMatching(/fake\/m takes 60\. Shorten it\./),
    });
    expect(batches).toEqual([]);
    await retriever.search({ ...common, query, isMessage: true });
    expect(batches).toEqual([[expect.stringMatching(/^Where is it\? (word )+\w*\n…\n.* End\.$/s)]]);
    expect((await retriever.search({ ...common, query, mode: 'lexical' })).results).toEqual([]);
  });

  test('of what the embedding model may or may not take is left to it, and its refusal names the query', async () => {
    const { provider, batches } = createFakeEmbeddings({
      maxInputTokens: 60,
      answer: (texts) => {
        if (texts.join().endsWith('no'))
          throw new AppError('invalid_request', 'fake says no.', { upstreamStatus: 400 });
        return { vectors: texts.map(toFakeVector) };
      },
    });
    const vectorStore = createMemoryVectorStore({ dimensions: 2 });
    const retriever = createRetriever({ embedder: createEmbedder({ provider }), vectorStore });
    const query = 'word '.repeat(70);
    await retriever.search({ ...common, query });
    expect(batches).toEqual([[query]]);
    await expect(retriever.search({ ...common, query: `${query}no` })).rejects.toMatchObject({
      code: 'invalid_request',
      param: 'query',
      message: 'fake says no. The query has about 71 tokens; fake/m takes 60. Shorten it.',
    });
  });

  test('of a blank query is refused', async () => {
    const { retriever } = await createWorld();
    await expect(retriever.search({ ...common, query: ' ' })).rejects.toMatchObject({ code: 'invalid_request' });
  });

  test('among vectors of another model is refused with both names', async () => {
    const { vectorStore } = await createWorld();
    const local = createLocalEmbeddings({ dimensions: 256 });
    const embedder = createEmbedder({ provider: { ...local, id: 'fake', model: 'other' } });
    await expect(createRetriever({ embedder, vectorStore }).search(common)).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringMatching(/local\/feature-hash-v1@256.*fake\/other@256/),
    });
  });
});
