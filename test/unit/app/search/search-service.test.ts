import { describe, expect, it } from 'vitest';
import type { EmbeddingUsage } from '../../../../shared/app/accounting/embedding-usage.ts';
import type { Caller } from '../../../../shared/app/caller.ts';
import { createLazy } from '../../../../shared/app/lazy.ts';
import { createReadEstimate } from '../../../../shared/app/search/search-reads.ts';
import { createSearchService } from '../../../../shared/app/search/search-service.ts';
import type { RetrievalConfig, SluiceConfig } from '../../../../shared/config/types.ts';
import { createLocalEmbeddings } from '../../../../shared/embeddings/local.ts';
import { searchSchema, vectorStoreSearchSchema } from '../../../../shared/http/schemas/search-schema.ts';
import { createEmbedder } from '../../../../shared/rag/embed.ts';
import { createIngestion } from '../../../../shared/rag/ingest.ts';
import { createRetriever } from '../../../../shared/rag/retrieve.ts';
import { createMemoryDocumentStore } from '../../../../shared/stores/document/memory.ts';
import { createMemoryVectorStore } from '../../../../shared/stores/vector/memory.ts';

const { signal } = new AbortController();
const caller: Caller = { tenant: null };
const TEXTS = [
  'The pump moves water from the cellar to the roof.',
  'A valve stops the water. Valves of this kind are tested yearly.',
  'Roses in the garden want water twice a week.',
  'The lift of a wing grows with its area.',
];

async function prepare(retrieval: Partial<RetrievalConfig> = {}, { charges = false } = {}) {
  const vectorStore = createMemoryVectorStore({ dimensions: 512 });
  const embedder = createEmbedder({ provider: createLocalEmbeddings({ dimensions: 512 }) });
  const ingestion = createIngestion({ embedder, vectorStore, documentStore: createMemoryDocumentStore() });
  await ingestion.ingestMany(
    TEXTS.map((content, index) => ({ id: `d${index}`, content, tenant: null, metadata: { index } })),
    { signal },
  );
  const service = createSearchService({
    config: { retrieval } as SluiceConfig,
    usage: { check: async () => {}, record: async () => 0 } as unknown as EmbeddingUsage,
    retriever: createLazy(async () => createRetriever({ embedder, vectorStore, fusion: { method: 'convex' } })),
    ...(charges && { reads: createReadEstimate({ count: vectorStore.count }) }),
  });
  const facts: Record<string, unknown> = {};
  return {
    facts,
    search: (body: object) => service.search({ body: searchSchema.parse(body), caller, signal, facts }),
    openai: (body: object) =>
      service.vectorStoreSearch({
        collection: 'default',
        body: vectorStoreSearchSchema.parse(body),
        caller,
        signal,
        facts,
      }),
  };
}

describe('a search over HTTP', () => {
  it('says what vector and words gave, where both counted', async () => {
    const { search } = await prepare();
    const { data, sluice } = await search({ query: 'tested valve', top_k: 2 });
    expect(data[0]).toMatchObject({
      document_id: 'd1',
      score: expect.any(Number),
      scores: { vector: expect.any(Number), lexical: expect.any(Number) },
      metadata: { index: 1 },
    });
    expect(data[0]).not.toHaveProperty('highlights');
    expect(sluice).toEqual({ cost_usd: 0 });
    const plain = await search({ query: 'tested valve', top_k: 2, mode: 'vector' });
    expect(plain.data[0]).not.toHaveProperty('scores');
    expect(plain.data.map(({ score }) => score)).toEqual(
      [...plain.data.map(({ score }) => score)].sort((left, right) => right - left),
    );
  });

  it('marks the words of the query when asked to', async () => {
    const { search } = await prepare();
    const [first] = (await search({ query: 'testing a valve', highlights: true })).data;
    expect(first?.highlights?.map(({ start, end }) => first.content.slice(start, end))).toEqual([
      'valve',
      'Valves',
      'tested',
    ]);
  });

  it('goes on where the last page ended', async () => {
    const { search } = await prepare();
    const all = (await search({ query: 'water', top_k: 3 })).data;
    expect((await search({ query: 'water', top_k: 2, offset: 1 })).data.map(({ id }) => id)).toEqual(
      all.slice(1).map(({ id }) => id),
    );
  });

  it('takes mode and diversity from the configuration, and the mode from the request before that', async () => {
    const { search, openai } = await prepare({ mode: 'lexical' });
    expect((await search({ query: 'wing' })).data.map(({ document_id }) => document_id)).toEqual(['d3']);
    expect((await openai({ query: 'wing' })).data.map(({ file_id }) => file_id)).toEqual(['d3']);
    expect((await search({ query: 'wing', mode: 'vector' })).data).toHaveLength(4);
  });

  it('says about how many reads it was, where the store charges for them', async () => {
    const { search, facts } = await prepare({}, { charges: true });
    const { data, sluice } = await search({ query: 'pump', mode: 'vector', top_k: 2 });
    expect(sluice).toEqual({ cost_usd: 0, reads: 1 + data.length });
    expect(facts).toMatchObject({ results: 2, reads: 3 });
  });

  it.each([
    [{ query: 'x', offset: -1 }],
    [{ query: 'x', offset: 1_000 }],
    [{ query: 'x', neighbors: 6 }],
    [{ query: 'x', highlights: 'yes' }],
  ])('refuses %j', (body) => {
    expect(searchSchema.safeParse(body).success).toBe(false);
  });
});

describe('OpenAI’s search with several queries', () => {
  it('gives the union, each chunk once, with falling scores', async () => {
    const { openai } = await prepare({ mode: 'lexical' });
    const { data, search_query } = await openai({ query: ['pump', 'wing', 'water of the garden'] });
    const ids = data.map(({ file_id }) => file_id);
    expect([...ids].sort()).toEqual(['d0', 'd1', 'd2', 'd3']);
    expect(search_query).toHaveLength(3);
    const scores = data.map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((left, right) => right - left));
  });
});
