import { describe, expect, it, vi } from 'vitest';
import type { VectorStore } from '../../../shared/contracts/vector-store.ts';
import { createLocalEmbeddings } from '../../../shared/embeddings/local.ts';
import { createEmbedder } from '../../../shared/rag/embed.ts';
import { createIngestion } from '../../../shared/rag/ingest.ts';
import { createRetriever, type RetrieverOptions, type SearchInput } from '../../../shared/rag/retrieve.ts';
import { createMemoryDocumentStore } from '../../../shared/stores/document/memory.ts';
import { createMemoryVectorStore } from '../../../shared/stores/vector/memory.ts';

const { signal } = new AbortController();

const DOCUMENTS: Readonly<Record<string, string>> = {
  pump: 'The pump moves water from the cellar to the roof.',
  twin: 'The pump moves water from the cellar to the roof!',
  valve: 'A valve stops the water when the pump is off. Error E-4711 means that the valve is stuck.',
  garden: 'Roses in the garden want water twice a week in summer.',
  wing: 'The lift of a wing grows with its area.',
};

async function createWorld(options: Partial<RetrieverOptions> = {}, documents = DOCUMENTS) {
  const dimensions = 512;
  const vectorStore = options.vectorStore ?? createMemoryVectorStore({ dimensions });
  const embedder = createEmbedder({ provider: createLocalEmbeddings({ dimensions }) });
  const ingestion = createIngestion({ embedder, vectorStore, documentStore: createMemoryDocumentStore() });
  await ingestion.ingestMany(
    Object.entries(documents).map(([id, content]) => ({ id, content, tenant: null })),
    { signal },
  );
  const retriever = createRetriever({ embedder, vectorStore, fusion: { method: 'convex' }, ...options });
  const search = (query: string, more: Partial<SearchInput> = {}) =>
    retriever.search({ query, topK: 3, tenant: null, signal, ...more });
  const ids = async (query: string, more: Partial<SearchInput> = {}) =>
    (await search(query, more)).results.map(({ documentId }) => documentId);
  return { vectorStore, embedder, search, ids };
}

/** The same store without search by words. */
function wordless(): VectorStore {
  const { searchText: _, ...store } = createMemoryVectorStore({ dimensions: 512 });
  return store;
}

describe('the modes of a search', () => {
  it('are hybrid unless said otherwise, where the store ranks by words', async () => {
    const { search, vectorStore } = await createWorld();
    const searchText = vi.spyOn(vectorStore, 'searchText');
    const { results, store } = await search('stuck valve');
    expect(results[0]?.documentId).toBe('valve');
    expect(results[0]).toMatchObject({ similarity: expect.any(Number), wordScore: expect.any(Number) });
    expect(searchText).toHaveBeenCalledOnce();
    expect(store).toEqual({ searches: 2, chunks: expect.any(Number) });
  });

  it('are vector where it does not', async () => {
    const { search } = await createWorld({ vectorStore: wordless() });
    const { results, store } = await search('stuck valve');
    expect(results[0]?.documentId).toBe('valve');
    expect(results[0]).not.toHaveProperty('wordScore');
    expect(store).toEqual({ searches: 1, chunks: 3 });
  });

  it.each(['lexical', 'hybrid'] as const)('are refused when the store cannot rank by words: %s', async (mode) => {
    const { search } = await createWorld({ vectorStore: wordless() });
    await expect(search('valve', { mode })).rejects.toMatchObject({
      code: 'unsupported',
      param: 'mode',
      message: expect.stringContaining('Search in mode vector, or set retrieval.mode'),
    });
  });

  it('by words alone embed nothing and find only what shares a word', async () => {
    const { search, embedder } = await createWorld();
    const embedQuery = vi.spyOn(embedder, 'embedQuery');
    const { results, tokens } = await search('E-4711 wings', { mode: 'lexical' });
    expect(results.map(({ documentId }) => documentId)).toEqual(['valve', 'wing']);
    expect(results[0]?.score).toBe(results[0]?.wordScore);
    expect(results[0]).not.toHaveProperty('similarity');
    expect([tokens, embedQuery.mock.calls.length]).toEqual([0, 0]);
  });

  it('by words alone have no lowest similarity', async () => {
    const { search } = await createWorld();
    const refusal = { code: 'unsupported', param: 'min_score' };
    await expect(search('valve', { mode: 'lexical', minScore: 0.2 })).rejects.toMatchObject(refusal);
    await expect(search('valve', { mode: 'lexical', minScore: 0 })).resolves.toBeDefined();
  });

  it('of every kind give falling scores, and none below the lowest one', async () => {
    const { search } = await createWorld();
    for (const query of ['pump in the cellar', 'water', 'E-4711', 'roses of the roof', 'lift']) {
      for (const more of [{}, { minScore: 0.1 }, { mmr: { lambda: 0.3 } }, { variants: ['garden', 'wing area'] }]) {
        for (const mode of ['vector', 'hybrid'] as const) {
          const { results } = await search(query, { mode, topK: 5, ...more });
          const scores = results.map(({ score }) => score);
          expect(scores).toEqual([...scores].sort((left, right) => right - left));
          for (const { score, similarity = Number.NaN } of results) {
            expect(score).toBeGreaterThanOrEqual(similarity);
            if ('minScore' in more) expect(similarity).toBeGreaterThanOrEqual(0.1 - 1e-6);
          }
        }
      }
    }
  });

  it('never give vectors away', async () => {
    const { search } = await createWorld();
    for (const mode of ['vector', 'lexical', 'hybrid'] as const) {
      const { results } = await search('pump', { mode, mmr: { lambda: 0.5 } });
      for (const result of results) expect(result).not.toHaveProperty('embedding');
    }
  });

  it('refuse vectors of another model in a hybrid search too, but not words', async () => {
    const { vectorStore } = await createWorld();
    const local = createLocalEmbeddings({ dimensions: 512 });
    const embedder = createEmbedder({ provider: { ...local, model: 'other' } });
    const { search } = createRetriever({ embedder, vectorStore });
    const common = { query: 'valve', topK: 3, tenant: null, signal };
    await expect(search({ ...common, mode: 'hybrid' })).rejects.toMatchObject({ code: 'configuration' });
    await expect(search({ ...common, mode: 'lexical' })).resolves.toBeDefined();
  });
});

describe('a page of results', () => {
  it('follows the page before it', async () => {
    const { ids } = await createWorld();
    for (const mode of ['vector', 'hybrid'] as const) {
      const all = await ids('water pump', { mode, topK: 5 });
      expect(await ids('water pump', { mode, topK: 2 })).toEqual(all.slice(0, 2));
      expect(await ids('water pump', { mode, topK: 2, offset: 2 })).toEqual(all.slice(2, 4));
      expect(await ids('water pump', { mode, topK: 2, offset: 40 })).toEqual([]);
    }
  });

  it.each([
    [{ topK: 1_001 }, 'top_k'],
    [{ topK: 10, offset: 991 }, 'offset'],
  ])('ends at the thousandth result: %j', async (more, param) => {
    const { search } = await createWorld();
    await expect(search('water', more)).rejects.toMatchObject({ code: 'invalid_request', param });
  });
});

describe('several wordings', () => {
  it('find the union, each chunk once, and what more of them find comes first', async () => {
    const { search, ids } = await createWorld();
    const more = { variants: ['garden', 'valve'], topK: 10, mode: 'lexical' } as const;
    const found = await ids('water', more);
    expect(new Set(found).size).toBe(found.length);
    expect([...found].sort()).toEqual(['garden', 'pump', 'twin', 'valve']);
    expect(found.slice(0, 2).sort()).toEqual(['garden', 'valve']);
    const { store } = await search('water', more);
    expect(store.searches).toBe(3);
  });
});

describe('different results', () => {
  it('are chosen when asked for', async () => {
    const { ids } = await createWorld();
    expect((await ids('pump cellar roof', { topK: 2 })).sort()).toEqual(['pump', 'twin']);
    for (const mode of ['vector', 'hybrid', 'lexical'] as const) {
      const [first, second] = await ids('pump cellar roof', { topK: 2, mode, mmr: { lambda: 0.3 } });
      expect(['pump', 'twin']).toContain(first);
      expect(['pump', 'twin']).not.toContain(second);
    }
  });

  it('are all there when more are wanted than can be compared', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 260 }, (_, number) => [`d${number}`, `pump number ${number}`]),
    );
    const { ids } = await createWorld({}, many);
    const found = await ids('pump', { topK: 250, mmr: { lambda: 0.5 } });
    expect([found.length, new Set(found).size]).toEqual([250, 250]);
  });

  it('are chosen from more than are wanted', async () => {
    const { vectorStore, ids } = await createWorld();
    const query = vi.spyOn(vectorStore, 'query');
    await ids('pump', { topK: 2, mode: 'vector' });
    await ids('pump', { topK: 2, mode: 'vector', mmr: { lambda: 0.5 } });
    expect(query.mock.calls.map(([{ topK, withEmbeddings }]) => [topK, withEmbeddings])).toEqual([
      [2, undefined],
      [30, true],
    ]);
  });
});

describe('a store that charges for reading', () => {
  it('is asked for as many chunks as are wanted, by each of the two searches', async () => {
    const { vectorStore, search } = await createWorld({ paidReads: true });
    const spies = [vi.spyOn(vectorStore, 'query'), vi.spyOn(vectorStore, 'searchText')];
    const { store } = await search('pump', { topK: 2, offset: 1 });
    expect(spies.map((spy) => spy.mock.calls.map(([asked]) => asked.topK))).toEqual([[3], [3]]);
    expect(store).toEqual({ searches: 2, chunks: 6 });
  });
});

describe('neighbours', () => {
  it('widen the content of each result, and are counted', async () => {
    const long = Array.from(
      { length: 60 },
      (_, number) => `Paragraph ${number} is about the number ${number * 7}.\n`,
    ).join('\n');
    const { search } = await createWorld({}, { long });
    const [plain] = (await search('number 210', { topK: 1 })).results;
    const { results, store } = await search('number 210', { topK: 1, neighbors: 1 });
    const [wide] = results;
    expect(wide?.id).toBe(plain?.id);
    expect(wide?.content).toContain(plain?.content);
    expect(wide?.content.length).toBeGreaterThan((plain?.content.length ?? 0) + 100);
    expect(long.slice(wide?.metadata.start as number, wide?.metadata.end as number)).toBe(wide?.content);
    expect(store.chunks).toBeGreaterThan(1);
  });
});
