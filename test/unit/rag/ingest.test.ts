import { beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import type { EmbeddingProvider } from '../../../shared/contracts/embedding-provider.ts';
import type { VectorStore } from '../../../shared/contracts/vector-store.ts';
import { createEmbedder } from '../../../shared/rag/embed.ts';
import { createIngestion, type IngestInput, type IngestionOptions } from '../../../shared/rag/ingest.ts';
import { createMemoryDocumentStore } from '../../../shared/stores/document/memory.ts';
import { createMemoryVectorStore } from '../../../shared/stores/vector/memory.ts';
import { estimateTokens } from '../../../shared/usage/tokens.ts';
import { createPdf } from '../../support/office-files.ts';

const { signal } = new AbortController();
const scope = { collection: 'default', tenant: null };
const CHUNKING = { size: 40, overlap: 0 };

const paragraph = (name: string) => `Paragraph ${name} has some words in it.`;
const textOf = (...names: readonly string[]) => names.map(paragraph).join('\n\n');

/** Everything ingestion works with, and a count of what it did there. */
function createWorld({ dimensions = 3, known = true } = {}) {
  const embedded: string[] = [];
  const written: string[] = [];
  const removed: string[] = [];
  const world = {
    embedded,
    written,
    removed,
    /** Makes embedding a text fail. */
    refuses: (_text: string): AppError | undefined => undefined,
    /** Makes storing a chunk fail. */
    loses: (_content: string): AppError | undefined => undefined,
  };
  const provider = (model = 'm'): EmbeddingProvider => ({
    id: 'fake',
    model,
    dimensions: known ? dimensions : undefined,
    maxBatchSize: 2,
    maxBatchTokens: 1000,
    maxInputTokens: 500,
    async embed(texts) {
      const error = texts.map((text) => world.refuses(text)).find((refusal) => refusal !== undefined);
      if (error !== undefined) throw error;
      embedded.push(...texts);
      return {
        vectors: texts.map((text) => Float32Array.of(text.length, 1, text.charCodeAt(10) || 1)),
        usage: { tokens: texts.length },
      };
    },
  });
  const memory = createMemoryVectorStore({ dimensions });
  const vectorStore: VectorStore = {
    ...memory,
    async upsert(chunks, options) {
      const failed = chunks.flatMap(({ id, content }) => {
        const error = world.loses(content);
        return error === undefined ? [] : [{ id, error }];
      });
      const kept = chunks.filter(({ id }) => !failed.some((failure) => failure.id === id));
      written.push(...kept.map(({ content }) => content));
      const report = await memory.upsert(kept, options);
      return { upserted: report.upserted, failed: [...report.failed, ...failed] };
    },
    async delete(selector, where) {
      if ('ids' in selector) removed.push(...selector.ids);
      return memory.delete(selector, where);
    },
  };
  const documentStore = createMemoryDocumentStore();
  const create = (more: Partial<IngestionOptions> = {}) =>
    createIngestion({
      embedder: createEmbedder({ provider: provider(), cacheEntries: 0 }),
      vectorStore,
      documentStore,
      chunking: CHUNKING,
      now: () => 1_700_000_000_000,
      ...more,
    });
  const forget = () => {
    embedded.length = 0;
    written.length = 0;
    removed.length = 0;
  };
  return { world, provider, vectorStore, documentStore, create, forget };
}

const document = (text: string, more: Partial<IngestInput> = {}): IngestInput => ({
  id: 'guide',
  content: text,
  tenant: null,
  ...more,
});

describe('a document', () => {
  let setting = createWorld();
  beforeEach(() => {
    setting = createWorld();
  });

  test('becomes chunks that know where they come from', async () => {
    const { create, vectorStore } = setting;
    const text = `# Title\n\n${textOf('A', 'B')}`;
    const outcome = await create().ingest(
      document(text, {
        contentType: 'text/markdown',
        title: 'Guide',
        source: 'guide.md',
        metadata: { topic: 'test', tags: ['a', 'b'] },
      }),
      { signal },
    );
    expect(outcome).toEqual({ id: 'guide', status: 'ready', chunks: 3, embedded: 3, skipped: 0, tokens: 3 });

    const chunks = await vectorStore.listDocument('guide', scope);
    expect(chunks.map(({ index }) => index)).toEqual([0, 1, 2]);
    for (const chunk of chunks) {
      expect(chunk).toMatchObject({
        documentId: 'guide',
        tenant: null,
        embeddingModel: 'fake/m@3',
        id: `guide-${chunk.contentHash.slice(0, 16)}-0`,
        metadata: {
          topic: 'test',
          tags: ['a', 'b'],
          title: 'Guide',
          source: 'guide.md',
          chunk_count: 3,
          headings: 'Title',
        },
      });
      expect(text.slice(Number(chunk.metadata.start), Number(chunk.metadata.end))).toBe(chunk.content);
    }
  });

  test('keeps the page and the headings that its metadata gives, over those it has itself', async () => {
    const { create, vectorStore } = setting;
    const metadata = { page: 'cover', headings: 'Mine' };
    const content = createPdf([['Some text.']]);
    await create().ingest({ id: 'file', content, tenant: null, metadata }, { signal });
    await create().ingest(document('# Title\n\nText.', { contentType: 'text/markdown', metadata }), { signal });
    expect(await vectorStore.listDocument('file', scope)).toMatchObject([{ metadata }]);
    expect(await vectorStore.listDocument('guide', scope)).toMatchObject([{ metadata }]);
  });

  test('that is HTML is read, and its own title used where none is given', async () => {
    const { create, vectorStore } = setting;
    await create().ingest(
      document('<title>Page</title><script>no()</script><p>Text here.', { contentType: 'text/html' }),
      { signal },
    );
    expect(await vectorStore.listDocument('guide', scope)).toMatchObject([
      { content: 'Text here.', metadata: { title: 'Page' } },
    ]);
  });

  test('that comes twice costs nothing the second time', async () => {
    const { create, world, forget } = setting;
    await create().ingest(document(textOf('A', 'B')), { signal });
    forget();
    // A new process: nothing is remembered but what is stored.
    expect(await create().ingest(document(textOf('A', 'B')), { signal })).toEqual({
      id: 'guide',
      status: 'unchanged',
      chunks: 2,
      embedded: 0,
      skipped: 2,
      tokens: 0,
    });
    expect(world).toMatchObject({ embedded: [], written: [], removed: [] });
  });

  test('that grows has only its new chunks embedded', async () => {
    const { create, world, forget, vectorStore } = setting;
    await create().ingest(document(textOf('A', 'B')), { signal });
    forget();
    const outcome = await create().ingest(document(textOf('A', 'X', 'B')), { signal });
    expect(outcome).toMatchObject({ status: 'ready', chunks: 3, embedded: 1, skipped: 2 });
    expect(world.embedded).toEqual([paragraph('X')]);
    const chunks = await vectorStore.listDocument('guide', scope);
    expect(chunks.map(({ content }) => content)).toEqual(['A', 'X', 'B'].map(paragraph));
  });

  test('that shrinks loses its stale chunks', async () => {
    const { create, world, forget, vectorStore } = setting;
    await create().ingest(document(textOf('A', 'B', 'C')), { signal });
    forget();
    expect(await create().ingest(document(textOf('A', 'C')), { signal })).toMatchObject({
      status: 'ready',
      chunks: 2,
      embedded: 0,
    });
    expect(world.embedded).toEqual([]);
    expect(world.removed).toHaveLength(1);
    expect((await vectorStore.listDocument('guide', scope)).map(({ content }) => content)).toEqual(
      ['A', 'C'].map(paragraph),
    );
  });

  test('that repeats itself has every repetition, embedded once', async () => {
    const { create, world, vectorStore } = setting;
    expect(await create().ingest(document(textOf('A', 'A', 'A')), { signal })).toMatchObject({
      status: 'ready',
      chunks: 3,
    });
    expect(world.embedded).toEqual([paragraph('A')]);
    const ids = (await vectorStore.listDocument('guide', scope)).map(({ id }) => id);
    expect(ids.map((id) => id.slice(-1))).toEqual(['0', '1', '2']);
  });

  test('so long that parts of it are stored at once has every chunk counted', async () => {
    const { create } = setting;
    const text = Array.from({ length: 250 }, (_, index) => `Some words, number ${index}.`.padEnd(30, '!')).join('\n\n');
    expect(await create().ingest(document(text), { signal })).toMatchObject({ chunks: 250, embedded: 250, skipped: 0 });
  });

  test('whose metadata alone changed is written and not embedded', async () => {
    const { create, world, forget } = setting;
    await create().ingest(document(textOf('A'), { metadata: { a: 1, b: 2 } }), { signal });
    forget();
    expect(await create().ingest(document(textOf('A'), { metadata: { b: 2, a: 1 } }), { signal })).toMatchObject({
      status: 'unchanged',
    });
    expect(await create().ingest(document(textOf('A'), { metadata: { a: 1, b: 3 } }), { signal })).toMatchObject({
      status: 'ready',
      embedded: 0,
    });
    expect(world).toMatchObject({ embedded: [], written: [paragraph('A')] });
  });

  test('is stored anew for another chunking, and what has a vector is not embedded for it', async () => {
    const { create, world, forget } = setting;
    await create().ingest(document(textOf('A')), { signal });
    forget();
    const coarse = create({ chunking: { size: 500 } });
    expect(await coarse.ingest(document(textOf('A')), { signal })).toMatchObject({ status: 'ready', embedded: 0 });
    expect(world.embedded).toEqual([]);
  });

  test.each(['structural', 'words'] as const)(
    'has no %s chunk that its embedding model could not take',
    async (mode) => {
      const { create, provider, vectorStore } = setting;
      let maxInputTokens = 500;
      const learnLimits = async () => {
        maxInputTokens = 30;
      };
      const small = Object.defineProperty({ ...provider(), learnLimits }, 'maxInputTokens', {
        get: () => maxInputTokens,
      });
      const text = Array.from({ length: 40 }, (_, number) => `Sentence ${number} is about something.`).join(' ');
      const chunking = { mode, size: 1_000, overlap: 0 };
      const ingestion = create({ embedder: createEmbedder({ provider: small }), chunking });
      expect(await ingestion.ingest(document(text), { signal })).toMatchObject({ status: 'ready' });
      const chunks = await vectorStore.listDocument('guide', scope);
      expect(Math.max(...chunks.map(({ content }) => estimateTokens(content)))).toBeLessThanOrEqual(20);
      expect(chunks.map(({ content }) => content).join(' ')).toBe(text);
    },
  );

  test('without an id has one by its content', async () => {
    const { create } = setting;
    const { id: _id, ...anonymous } = document(textOf('A'));
    const first = await create().ingest(anonymous, { signal });
    const second = await create().ingest(anonymous, { signal });
    expect(first.id).toMatch(/^doc-[0-9a-f]{24}$/);
    expect(second).toMatchObject({ id: first.id, status: 'unchanged' });
  });

  test('of one tenant and collection has nothing to do with that of another', async () => {
    const { create, vectorStore } = setting;
    const ingestion = create();
    await ingestion.ingest(document(textOf('A')), { signal });
    await ingestion.ingest(document(textOf('B'), { tenant: 'acme' }), { signal });
    await ingestion.ingest(document(textOf('C'), { collection: 'other' }), { signal });
    const contents = async (where: typeof scope | { collection: string; tenant: string }) =>
      (await vectorStore.listDocument('guide', where)).map(({ content }) => content);
    expect(await contents(scope)).toEqual([paragraph('A')]);
    expect(await contents({ collection: 'default', tenant: 'acme' })).toEqual([paragraph('B')]);
    expect(await contents({ collection: 'other', tenant: null })).toEqual([paragraph('C')]);
  });

  test('that comes in two versions at once ends as the later one', async () => {
    const { create, vectorStore } = setting;
    const ingestion = create();
    const versions = [textOf('A', 'B'), textOf('C'), textOf('B', 'D', 'E')];
    await Promise.all(versions.map((text) => ingestion.ingest(document(text), { signal })));
    expect((await vectorStore.listDocument('guide', scope)).map(({ content }) => content)).toEqual(
      ['B', 'D', 'E'].map(paragraph),
    );
  });

  test('is removed with its chunks and its record', async () => {
    const { create, vectorStore } = setting;
    const ingestion = create();
    await ingestion.ingest(document(textOf('A', 'B')), { signal });
    expect(await ingestion.status('guide', scope)).toMatchObject({
      state: 'ready',
      chunks: 2,
      updatedAt: new Date(1_700_000_000_000),
    });
    expect(await ingestion.remove('guide', { ...scope, tenant: 'acme' as unknown as null })).toBe(false);
    expect(await ingestion.remove('guide', scope)).toBe(true);
    expect(await vectorStore.count(scope)).toBe(0);
    expect(await ingestion.status('guide', scope)).toBeUndefined();
    expect(await ingestion.remove('guide', scope)).toBe(false);
  });
});

describe('a failure', () => {
  test.each([
    ['blank text', document(' \n'), 'invalid_request'],
    ['an unknown type', document('x', { contentType: 'image/png' }), 'unsupported'],
    ['bytes that are no text', document('', { content: Uint8Array.of(0xff) }), 'invalid_request'],
    ['an id with a slash', document('x', { id: 'a/b' }), 'invalid_request'],
    ['an empty id', document('x', { id: '' }), 'invalid_request'],
    ['metadata no store can keep', document('x', { metadata: { 'a.b': 1 } }), 'invalid_request'],
    ['a source with half a character', document('x', { source: 'a\ud800' }), 'invalid_request'],
  ])('by %s is in the outcome, and nothing was embedded', async (_name, input, code) => {
    const { create, world } = createWorld();
    expect(await create().ingest(input, { signal })).toMatchObject({
      id: input.id,
      status: 'failed',
      chunks: 0,
      error: { code },
    });
    expect(world.embedded).toEqual([]);
  });

  test('is recorded without what the upstream said, and the next attempt replaces the record', async () => {
    const { create, world, documentStore } = createWorld();
    world.refuses = () =>
      new AppError('rate_limit', 'fake is limiting our requests (429).', { retryAfterMs: 7000, cause: 'secret' });
    const outcome = await create().ingest(document(textOf('A', 'B')), { signal });
    expect(outcome.error).toMatchObject({
      code: 'rate_limit',
      retryable: true,
      retryAfterMs: 7000,
      details: { failed: 2 },
    });
    expect(await documentStore.getIngestion('guide', scope)).toMatchObject({
      state: 'failed',
      chunks: 0,
      error: { code: 'rate_limit', message: '2 chunks could not be stored. fake is limiting our requests (429).' },
    });
    world.refuses = () => undefined;
    expect(await create().ingest(document(textOf('A', 'B')), { signal })).toMatchObject({ status: 'ready', chunks: 2 });
    expect(await documentStore.getIngestion('guide', scope)).toMatchObject({ state: 'ready', chunks: 2 });
    expect(await documentStore.getIngestion('guide', scope)).not.toHaveProperty('error');
  });

  test('names the field of the document, not of the embedding request', async () => {
    const { create, world } = createWorld();
    world.refuses = () => new AppError('invalid_request', 'fake refused it.', { param: 'input[1]' });
    const { error } = await create().ingest(document(textOf('A', 'B')), { signal });
    expect(error).toMatchObject({ code: 'invalid_request', param: 'text' });
  });

  test('half way keeps what was stored, and a retry completes the rest without duplicates', async () => {
    const { create, world, forget, vectorStore } = createWorld();
    const names = Array.from({ length: 250 }, (_, index) => `number ${index}`);
    const text = names.map((name) => `Some words, ${name}.`.padEnd(30, '!')).join('\n\n');
    world.refuses = (chunk) =>
      chunk.includes('number 150.') ? new AppError('server_error', 'fake failed (500).') : undefined;
    const first = await create().ingest(document(text), { signal });
    expect(first.status).toBe('failed');
    expect(first.chunks).toBeGreaterThanOrEqual(100);
    expect(first.chunks).toBeLessThanOrEqual(150);
    expect(first.chunks + Number(first.error?.details?.failed)).toBe(250);
    // What was embedded beside the text that failed is paid for as well.
    expect(first.tokens).toBeGreaterThan(first.chunks);
    expect(await vectorStore.count(scope)).toBe(first.chunks);

    world.refuses = () => undefined;
    forget();
    const second = await create().ingest(document(text), { signal });
    expect(second).toMatchObject({ status: 'ready', chunks: 250, embedded: 250 - first.chunks, skipped: first.chunks });
    expect(world.embedded).toHaveLength(250 - first.chunks);
    expect(await vectorStore.count(scope)).toBe(250);
  });

  test('to store single chunks is counted, and the older version stays until all are stored', async () => {
    const { create, world, vectorStore, documentStore } = createWorld();
    await create().ingest(document(textOf('A', 'B')), { signal });
    world.loses = (content) =>
      content.includes('D') ? new AppError('quota_exceeded', 'The store is full.') : undefined;
    const outcome = await create().ingest(document(textOf('C', 'D')), { signal });
    expect(outcome).toMatchObject({
      status: 'failed',
      chunks: 1,
      embedded: 1,
      error: { code: 'quota_exceeded', message: '1 chunk could not be stored. The store is full.' },
    });
    expect((await vectorStore.listDocument('guide', scope)).map(({ content }) => content).sort()).toEqual(
      ['A', 'B', 'C'].map(paragraph),
    );
    expect(await documentStore.getIngestion('guide', scope)).toMatchObject({ state: 'failed' });

    world.loses = () => undefined;
    expect(await create().ingest(document(textOf('C', 'D')), { signal })).toMatchObject({
      status: 'ready',
      chunks: 2,
      embedded: 1,
    });
    expect((await vectorStore.listDocument('guide', scope)).map(({ content }) => content)).toEqual(
      ['C', 'D'].map(paragraph),
    );
  });

  test('of one document keeps no other back', async () => {
    const { create } = createWorld();
    const outcomes = await create().ingestMany(
      ['A', ' ', 'C', 'D', 'E', 'F'].map((name) => document(name.trim() && paragraph(name), { id: `doc${name}` })),
      { signal },
    );
    expect(outcomes.map(({ id, status }) => `${id} ${status}`)).toEqual([
      'docA ready',
      'doc  failed',
      'docC ready',
      'docD ready',
      'docE ready',
      'docF ready',
    ]);
  });

  test('of the record store is an outcome like any other', async () => {
    const { create, documentStore } = createWorld();
    const broken = {
      ...documentStore,
      swapEntry: async () => {
        throw new AppError('network', 'The database cannot be reached.');
      },
    };
    const outcome = await create({ documentStore: broken }).ingest(document(textOf('A')), { signal });
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'network' } });
  });

  test('by the caller going away leaves no record of a failure', async () => {
    const { create, world, documentStore } = createWorld();
    const controller = new AbortController();
    world.refuses = () => {
      controller.abort();
      return undefined;
    };
    const outcome = await create().ingest(document(textOf('A', 'B', 'C', 'D')), { signal: controller.signal });
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'cancelled' } });
    expect(await documentStore.getIngestion('guide', scope)).toBeUndefined();
    const later = await create().ingestMany([document('x')], { signal: controller.signal });
    expect(later).toMatchObject([{ status: 'failed', error: { code: 'cancelled' } }]);
  });

  test('of the chunking options shows when ingestion is made', () => {
    expect(() => createWorld().create({ chunking: { size: 10, overlap: 10 } })).toThrowError(
      expect.objectContaining({ code: 'configuration' }),
    );
  });
});

test('a model that tells its dimension late keeps its vectors over a restart', async () => {
  const { create, world, forget } = createWorld({ known: false });
  await create().ingest(document(textOf('A', 'B')), { signal });
  forget();
  expect(await create().ingest(document(textOf('A', 'B')), { signal })).toMatchObject({ status: 'unchanged' });
  expect(await create().ingest(document(textOf('A', 'B', 'C')), { signal })).toMatchObject({
    status: 'ready',
    embedded: 1,
  });
  expect(world.embedded).toEqual([paragraph('C')]);
});
