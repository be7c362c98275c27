import { beforeEach, describe, expect, test } from 'vitest';
import { createEmbedder } from '../../../shared/rag/embed.ts';
import { estimateTokens } from '../../../shared/usage/tokens.ts';
import { createIngestSetting, document, paragraph, textOf } from '../../support/ingest-setting.ts';
import { createPdf } from '../../support/office-files.ts';

const { signal } = new AbortController();
const scope = { collection: 'default', tenant: null };

describe('a document', () => {
  let setting = createIngestSetting();
  beforeEach(() => {
    setting = createIngestSetting();
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

test('a model that tells its dimension late keeps its vectors over a restart', async () => {
  const { create, world, forget } = createIngestSetting({ known: false });
  await create().ingest(document(textOf('A', 'B')), { signal });
  forget();
  expect(await create().ingest(document(textOf('A', 'B')), { signal })).toMatchObject({ status: 'unchanged' });
  expect(await create().ingest(document(textOf('A', 'B', 'C')), { signal })).toMatchObject({
    status: 'ready',
    embedded: 1,
  });
  expect(world.embedded).toEqual([paragraph('C')]);
});
