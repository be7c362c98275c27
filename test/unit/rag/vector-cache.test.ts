import { describe, expect, test } from 'vitest';
import { createEmbedder, type EmbedderOptions } from '../../../shared/rag/embed.ts';
import { createFakeEmbeddings, toFakeVector, toTexts } from '../../support/fake-embeddings.ts';

const { signal } = new AbortController();

function createCache() {
  const values = new Map<string, string>();
  const ttls = new Set<number>();
  const cache = {
    get: async (key: string) => values.get(key),
    async set(key: string, value: string, { ttlMs }: { ttlMs: number }) {
      ttls.add(ttlMs);
      values.set(key, value);
    },
  };
  return { cache, values, ttls };
}

/** Another instance of the service: nothing in memory, the same cache. */
function createInstance(
  keep: NonNullable<EmbedderOptions['keep']>,
  { prefixes, ...fake }: Parameters<typeof createFakeEmbeddings>[0] & Pick<EmbedderOptions, 'prefixes'> = {},
) {
  const { provider, batches } = createFakeEmbeddings(fake);
  return { embedder: createEmbedder({ provider, keep, ...(prefixes && { prefixes }) }), batches };
}

describe('vectors that are kept', () => {
  test('are not asked for again by another instance', async () => {
    const { cache, values, ttls } = createCache();
    const first = createInstance({ cache, ttlMs: 60_000 });
    await first.embedder.embedDocuments(toTexts(3), { signal });
    const second = createInstance({ cache, ttlMs: 60_000 });
    const result = await second.embedder.embedDocuments(['new', ...toTexts(3)], { signal });
    expect(second.batches).toEqual([['new']]);
    expect(result.vectors).toEqual(['new', ...toTexts(3)].map(toFakeVector));
    expect(result.tokens).toBe(1);
    expect([...ttls]).toEqual([60_000]);
    for (const [key, value] of values) {
      expect(key).toMatch(/^[0-9a-f]{64}$/);
      expect(Buffer.from(value, 'base64')).toHaveLength(8);
    }
  });

  test.each([
    ['another model', { model: 'other' }],
    [
      'other dimensions',
      { dimensions: 3, answer: (texts: readonly string[]) => ({ vectors: texts.map(() => Float32Array.of(1, 2, 3)) }) },
    ],
    ['another prefix', { prefixes: { document: 'passage: ' } }],
  ])('are not those of %s', async (_name, other) => {
    const { cache } = createCache();
    await createInstance({ cache, ttlMs: 1 }).embedder.embedDocuments(['a'], { signal });
    const { embedder, batches } = createInstance({ cache, ttlMs: 1 }, other);
    await embedder.embedDocuments(['a'], { signal });
    expect(batches).toHaveLength(1);
  });

  test('of documents are not those of queries', async () => {
    const { cache } = createCache();
    await createInstance({ cache, ttlMs: 1 }).embedder.embedDocuments(['a'], { signal });
    const { embedder, batches } = createInstance({ cache, ttlMs: 1 });
    await embedder.embedQuery('a', { signal });
    expect(batches).toEqual([['a']]);
  });

  test('are looked for once the dimensions are known', async () => {
    const { cache } = createCache();
    await createInstance({ cache, ttlMs: 1 }).embedder.embedDocuments(toTexts(2), { signal });
    const { embedder, batches } = createInstance({ cache, ttlMs: 1 }, { dimensions: undefined });
    await embedder.embedDocuments(['text 0'], { signal });
    await embedder.embedDocuments(['text 1'], { signal });
    expect(batches).toEqual([['text 0']]);
  });

  test.each([
    ['no base64 of floats', 'AAAAAAA='],
    ['another length', Buffer.from(Float32Array.of(1, 2, 3).buffer).toString('base64')],
    ['zeros', Buffer.from(Float32Array.of(0, 0).buffer).toString('base64')],
    ['no number', Buffer.from(Float32Array.of(1, Number.NaN).buffer).toString('base64')],
  ])('and have become %s are embedded again', async (_name, broken) => {
    const { cache, values } = createCache();
    await createInstance({ cache, ttlMs: 1 }).embedder.embedDocuments(['a'], { signal });
    for (const key of values.keys()) values.set(key, broken);
    const { embedder, batches } = createInstance({ cache, ttlMs: 1 });
    expect((await embedder.embedDocuments(['a'], { signal })).vectors).toEqual([toFakeVector('a')]);
    expect(batches).toEqual([['a']]);
  });

  test('nowhere, because the cache is broken, fail nothing', async () => {
    const fail = () => Promise.reject(new Error('no cache'));
    const { embedder } = createInstance({ cache: { get: fail, set: fail }, ttlMs: 1 });
    expect((await embedder.embedDocuments(['a'], { signal })).vectors).toEqual([toFakeVector('a')]);
  });
});

describe('a prefix', () => {
  test('stands before each text of its purpose, and before no other', async () => {
    const { provider, batches } = createFakeEmbeddings();
    const embedder = createEmbedder({ provider, prefixes: { document: 'passage: ', query: 'query: ' } });
    const { vectors } = await embedder.embedDocuments(['a', 'b'], { signal });
    await embedder.embedQuery('a', { signal });
    expect(batches).toEqual([['passage: a', 'passage: b'], ['query: a']]);
    expect(vectors).toEqual(['passage: a', 'passage: b'].map(toFakeVector));
  });

  test('that is not configured is none', async () => {
    const { provider, batches } = createFakeEmbeddings({ model: 'intfloat/e5-base' });
    await createEmbedder({ provider }).embedDocuments(['a'], { signal });
    expect(batches).toEqual([['a']]);
  });

  test('does not make a blank text one that can be embedded', async () => {
    const { provider } = createFakeEmbeddings();
    const embedder = createEmbedder({ provider, prefixes: { query: 'query: ' } });
    await expect(embedder.embedQuery(' ', { signal })).rejects.toMatchObject({ code: 'invalid_request' });
  });

  test('of documents marks their vectors, one of queries does not', async () => {
    const create = (prefixes: NonNullable<EmbedderOptions['prefixes']>, dimensions: number | undefined = 2) =>
      createEmbedder({ provider: createFakeEmbeddings({ dimensions }).provider, prefixes });
    const marked = create({ document: 'passage: ' });
    expect(marked.fingerprint).toMatch(/^fake\/m@2\+[0-9a-f]{8}$/);
    expect(marked.space).toBe(marked.fingerprint);
    expect(marked.matches(marked.fingerprint ?? '')).toBe(true);
    expect(marked.matches('fake/m@2')).toBe(false);
    expect(create({ query: 'query: ' }).fingerprint).toBe('fake/m@2');
    const unknown = createEmbedder({
      provider: createFakeEmbeddings({ dimensions: undefined }).provider,
      prefixes: { document: 'passage: ' },
    });
    expect([unknown.matches(marked.fingerprint ?? ''), unknown.matches('fake/m@2')]).toEqual([true, false]);
  });
});
