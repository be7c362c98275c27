import { setMaxListeners } from 'node:events';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import type { EmbeddingProvider } from '../../../shared/contracts/embedding-provider.ts';
import type { VectorStore } from '../../../shared/contracts/vector-store.ts';
import { createEmbedder } from '../../../shared/rag/embed.ts';
import { createIngestion } from '../../../shared/rag/ingest.ts';
import { createRetriever } from '../../../shared/rag/retrieve.ts';
import { createMemoryDocumentStore } from '../../../shared/stores/document/memory.ts';
import { createMemoryVectorStore } from '../../../shared/stores/vector/memory.ts';

const { signal } = new AbortController();
// All that are under way at once listen to it.
setMaxListeners(0, signal);
const scope = { collection: 'default', tenant: null };

/** Stores that several instances share, each with a model of its own, and what they did there. */
function createWorld() {
  const memory = createMemoryVectorStore({ dimensions: 2 });
  const documentStore = createMemoryDocumentStore();
  const calls = { looks: 0, embedded: 0 };
  const world = {
    ...calls,
    nowMs: Date.UTC(2026, 10, 28),
    unreadable: undefined as AppError | undefined,
    query: undefined as VectorStore['query'] | undefined,
    failure: undefined as AppError | undefined,
    /** What a write fails with. */
    lost: undefined as AppError | undefined,
    /** Embedding a text that begins so waits for it. */
    slow: Promise.resolve(),
  };
  const vectorStore: VectorStore = {
    ...memory,
    async heldModel(where) {
      world.looks += 1;
      if (world.unreadable !== undefined) throw world.unreadable;
      return memory.heldModel(where);
    },
    query: (query) => (world.query ?? memory.query)(query),
    async upsert(chunks, where) {
      if (world.lost !== undefined) throw world.lost;
      return memory.upsert(chunks, where);
    },
  };
  const instance = (model: string, { length = 2, known = true } = {}) => {
    const provider: EmbeddingProvider = {
      id: 'fake',
      model,
      dimensions: known ? length : undefined,
      maxBatchSize: 10,
      maxBatchTokens: 1_000,
      maxInputTokens: 500,
      async embed(texts) {
        if (texts.some((text) => text.startsWith('Slow'))) await world.slow;
        else if (world.failure !== undefined) throw world.failure;
        world.embedded += texts.length;
        return { vectors: texts.map((text) => new Float32Array(length).fill(text.length)) };
      },
    };
    const embedder = createEmbedder({ provider, cacheEntries: 0 });
    const { ingestMany, ...ingestion } = createIngestion({
      embedder,
      vectorStore,
      documentStore,
      now: () => world.nowMs,
    });
    const retriever = createRetriever({ embedder, vectorStore, now: () => world.nowMs });
    const search = () => retriever.search({ query: 'Text.', topK: 1, tenant: null, signal, mode: 'vector' });
    const put = async (id: string, content: string, tenant: string | null = null) => {
      const [outcome] = await ingestMany([{ id, content, tenant }], { signal });
      return outcome;
    };
    return { ...ingestion, put, search };
  };
  return { world, memory, documentStore, instance };
}

let setting = createWorld();
beforeEach(() => {
  setting = createWorld();
});

describe('a collection with vectors of one model', () => {
  test('takes none of another: nothing is embedded and nothing stored, and the record says why', async () => {
    const { instance, memory, world } = setting;
    await instance('first').put('a', 'Text.');
    const before = await memory.listDocument('a', scope);
    world.embedded = 0;
    const second = instance('second');
    const refusal = {
      code: 'configuration',
      retryable: false,
      message: expect.stringMatching(
        /default holds vectors of fake\/first@2, and fake\/second@2 .* migrate-embeddings/,
      ),
    };
    expect(await second.put('a', 'Another text.')).toMatchObject({ status: 'failed', chunks: 0, error: refusal });
    expect(await second.put('b', 'Text.', 'tenant')).toMatchObject({ status: 'failed', error: refusal });
    expect(world.embedded).toBe(0);
    expect(await memory.listDocument('a', scope)).toEqual(before);
    expect(await memory.count({ ...scope, tenant: 'tenant' })).toBe(0);
    expect(await second.status('a', scope)).toMatchObject({
      state: 'failed',
      error: { code: 'configuration', message: refusal.message },
    });
  });

  test('takes none of the same model at another length', async () => {
    const { instance } = setting;
    await instance('m').put('a', 'Text.');
    expect(await instance('m', { length: 3 }).put('b', 'Text.')).toMatchObject({
      error: { code: 'configuration', message: expect.stringMatching(/fake\/m@2, and fake\/m@3/) },
    });
  });

  test('takes none of a length that shows only in the first answer', async () => {
    const { instance, memory } = setting;
    await instance('m').put('a', 'Text.');
    const late = instance('m', { length: 3, known: false });
    expect(await late.put('b', 'Text.')).toMatchObject({
      status: 'failed',
      error: { code: 'configuration', message: expect.stringMatching(/fake\/m@2, and fake\/m@3/) },
    });
    expect(await memory.count(scope)).toBe(1);
  });

  test('takes the document again by its own model, at no cost', async () => {
    const { instance, world } = setting;
    await instance('first').put('a', 'Text.');
    await instance('second').put('a', 'Text.');
    world.embedded = 0;
    expect(await instance('first').put('a', 'Text.')).toMatchObject({ status: 'ready', embedded: 0, skipped: 1 });
    expect(world.embedded).toBe(0);
  });

  test('may be emptied by whoever it refuses, and then has the model that fills it first', async () => {
    const { instance } = setting;
    const [first, second] = [instance('first'), instance('second')];
    await first.put('a', 'Text.');
    expect(await second.remove('a', scope)).toBe(true);
    expect(await second.put('b', 'Text.')).toMatchObject({ status: 'ready' });
    expect(await instance('first').put('a', 'Text.')).toMatchObject({ error: { code: 'configuration' } });
  });
});

describe('the look at a collection', () => {
  test('is one for an instance and a collection, and none for a document that has not changed', async () => {
    const { instance, world } = setting;
    await instance('m').put('a', 'Text.');
    world.looks = 0;
    const other = instance('m');
    expect(await other.put('a', 'Text.')).toMatchObject({ status: 'unchanged' });
    expect(world.looks).toBe(0);
    for (const id of ['b', 'c', 'd']) await other.put(id, 'Text.');
    expect(world.looks).toBe(1);
  });

  test('comes again while the collection is empty, so that whoever fills it first is seen', async () => {
    const { instance } = setting;
    const [first, second] = [instance('first'), instance('second')];
    await first.put('a', ' ');
    await second.put('b', 'Text.');
    expect(await first.put('a', 'Text.')).toMatchObject({ error: { code: 'configuration' } });
  });

  test('comes again after ten seconds, so that a collection that others emptied and filled is not mixed', async () => {
    const { instance, memory, world } = setting;
    const [first, second] = [instance('first'), instance('second')];
    await first.put('a', 'Text.');
    await second.remove('a', scope);
    await second.put('b', 'Text.');
    world.nowMs += 10_000;
    expect(await first.put('c', 'Text.')).toMatchObject({ status: 'failed', error: { code: 'configuration' } });
    expect(await memory.count(scope)).toBe(1);
  });

  test('that fails keeps the document out, as every failure to read does, and the next attempt may succeed', async () => {
    const { instance, memory, world } = setting;
    world.unreadable = new AppError('network', 'Out of reach.');
    const one = instance('m');
    expect(await one.put('a', 'Text.')).toMatchObject({
      status: 'failed',
      error: { code: 'network', retryable: true },
    });
    expect([await memory.count(scope), world.embedded]).toEqual([0, 0]);
    world.unreadable = undefined;
    expect(await one.put('a', 'Text.')).toMatchObject({ status: 'ready' });
  });
});

describe('an empty collection', () => {
  test('is filled by one model when several begin at the same moment, however many documents each has', async () => {
    const { instance, memory } = setting;
    const ids = Array.from({ length: 20 }, (_, index) => `d${index}`);
    const outcomes = await Promise.all(
      ['first', 'second', 'first', 'third'].map(async (model, place) => {
        const { put } = instance(model);
        const put20 = await Promise.all(ids.map((id) => put(`${id}-${place}`, `Text of ${id}.`)));
        return { model, ready: put20.filter((outcome) => outcome?.status === 'ready').length };
      }),
    );
    const winners = new Set(outcomes.filter(({ ready }) => ready > 0).map(({ model }) => model));
    expect(winners.size).toBe(1);
    const ready = outcomes.reduce((sum, outcome) => sum + outcome.ready, 0);
    expect(ready % 20).toBe(0);
    expect(await memory.count(scope)).toBe(ready);
  });

  const down = new AppError('server_error', 'The model is down.');
  const refused = { status: 'failed', error: { code: 'configuration' } };

  test('is free again as soon as the model that began has failed before it wrote anything', async () => {
    const { instance, world } = setting;
    const [first, second] = [instance('first'), instance('second')];
    world.failure = down;
    expect(await first.put('a', 'Text.')).toMatchObject({ status: 'failed', error: { code: 'server_error' } });
    world.failure = undefined;
    expect(await second.put('b', 'Text.')).toMatchObject({ status: 'ready' });
    expect(await first.put('a', 'Text.')).toMatchObject(refused);
  });

  test('is kept for a minute for a model whose write failed, for it may arrive after all', async () => {
    const { instance, world } = setting;
    const [first, second] = [instance('first'), instance('second')];
    world.lost = new AppError('timeout', 'The store did not answer.');
    expect(await first.put('a', 'Text.')).toMatchObject({ status: 'failed', error: { code: 'timeout' } });
    world.lost = undefined;
    // Nor does a later failure of the same process give it up.
    world.failure = down;
    world.nowMs += 1_000;
    await first.put('b', 'Text.');
    world.failure = undefined;
    world.nowMs += 58_999;
    expect(await second.put('c', 'Text.')).toMatchObject(refused);
    world.nowMs += 1;
    expect(await second.put('c', 'Text.')).toMatchObject({ status: 'ready' });
  });

  test.each([
    ['in the same process', true],
    ['in another', false],
  ])('is kept while a document of the model is under way %s', async (_where, isSame) => {
    const { instance, world, memory } = setting;
    const [first, second] = [instance('first'), instance('second')];
    const other = isSame ? first : instance('first');
    let goOn = () => {};
    world.slow = new Promise((resolve) => {
      goOn = resolve;
    });
    const slow = other.put('slow', 'Slow text.');
    await vi.waitFor(async () =>
      expect(await setting.documentStore.readEntry('first-fill\u007f', scope)).toBeDefined(),
    );
    world.failure = down;
    expect(await first.put('a', 'Text.')).toMatchObject({ status: 'failed', error: { code: 'server_error' } });
    expect(await second.put('b', 'Text.')).toMatchObject({
      status: 'failed',
      error: {
        code: 'configuration',
        message: expect.stringMatching(
          /default is empty, but reserved for a minute at most for vectors of fake\/first@2, and fake\/second@2 is conf/,
        ),
      },
    });
    goOn();
    expect(await slow).toMatchObject({ status: 'ready' });
    expect(await second.put('b', 'Text.')).toMatchObject(refused);
    expect(await memory.count(scope)).toBe(1);
  });

  test('is not given up by the one that began once another process has joined it', async () => {
    const { instance, world, memory } = setting;
    const [first, joined, second] = [instance('first'), instance('first'), instance('second')];
    const entry = async () => (await setting.documentStore.readEntry('first-fill\u007f', scope))?.entry;
    let fail = (_error: AppError) => {};
    world.slow = new Promise((_resolve, reject) => {
      fail = reject;
    });
    const begun = first.put('a', 'Slow text.');
    await vi.waitFor(async () => expect(await entry()).toMatchObject({ chunks: 0 }));
    let goOn = () => {};
    world.slow = new Promise((resolve) => {
      goOn = resolve;
    });
    const other = joined.put('b', 'Slow text too.');
    await vi.waitFor(async () => expect(await entry()).toMatchObject({ chunks: 1 }));
    fail(down);
    expect(await begun).toMatchObject({ status: 'failed', error: { code: 'server_error' } });
    expect(await second.put('c', 'Text.')).toMatchObject(refused);
    goOn();
    expect(await other).toMatchObject({ status: 'ready' });
    expect(await second.put('c', 'Text.')).toMatchObject(refused);
    expect(await memory.count(scope)).toBe(1);
  });

  test('is nobody’s for having been searched', async () => {
    const { instance } = setting;
    expect(await instance('first').search()).toMatchObject({ results: [] });
    expect(await instance('second').put('a', 'Text.')).toMatchObject({ status: 'ready' });
  });
});

describe('a search that finds nothing', () => {
  const refusal = { code: 'configuration', message: expect.stringMatching(/fake\/first@2.*fake\/second@2/) };

  test('is refused where the store passes over the vectors of another model', async () => {
    const { instance, world } = setting;
    await instance('first').put('a', 'Text.');
    world.query = async () => [];
    await expect(instance('second').search()).rejects.toMatchObject(refusal);
    expect(await instance('first').search()).toMatchObject({ results: [] });
  });

  test('for want of an index is refused for the model, where that is the reason', async () => {
    const { instance, world } = setting;
    await instance('first').put('a', 'Text.');
    const missing = new AppError('configuration', 'An index is missing.');
    world.query = () => Promise.reject(missing);
    await expect(instance('second').search()).rejects.toMatchObject(refusal);
    await expect(instance('first').search()).rejects.toBe(missing);
  });

  test('looks at the collection only where nothing of the model was seen there of late', async () => {
    const { instance, world } = setting;
    const one = instance('first');
    await one.put('a', 'Text.');
    await one.search();
    world.looks = 0;
    world.query = async () => [];
    await one.search();
    expect(world.looks).toBe(0);
    world.nowMs += 10_000;
    for (let asked = 0; asked < 3; asked += 1) await one.search();
    expect(world.looks).toBe(1);
  });
});
