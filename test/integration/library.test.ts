import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createChatProvider } from '../../shared/app/library/chat-provider.ts';
import { createEmbeddings } from '../../shared/app/library/embeddings.ts';
import { createVectorStore } from '../../shared/app/library/vector-store.ts';
import type { ProviderName } from '../../shared/config/names.ts';
import { startUpstreams } from '../support/upstreams.ts';
import { TEXT } from './clients/wires/wire.ts';

const environment = {};
const messages = [{ role: 'user' as const, content: 'How is the weather?' }];

describe('a chat provider for programs', () => {
  it.each(['openai', 'anthropic', 'gemini', 'xai', 'huggingface', 'vllm', 'ollama'] as const)(
    'answers over %s, whole and streamed, in the same words',
    async (provider) => {
      const { endpoints, calls } = await startUpstreams([provider]);
      const key = provider === 'ollama' ? {} : { apiKey: 'a-key' };
      const options = {
        provider: provider as ProviderName,
        model: 'some-model',
        endpoint: endpoints[provider] as string,
      };
      const chat = createChatProvider({ ...options, ...key, environment });
      const { choices, usage } = await chat.complete({ messages });
      expect(choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: TEXT } });
      expect(usage?.total_tokens).toBeGreaterThan(0);
      let text = '';
      for await (const chunk of chat.stream({ messages })) text += chunk.choices[0]?.delta.content ?? '';
      expect(text).toBe(TEXT);
      expect(calls.map(({ model, key }) => [model, key])).toEqual(
        Array(2).fill(['some-model', provider === 'ollama' ? undefined : 'a-key']),
      );
      await chat.close();
    },
  );

  it('ends the request of a stream that is left', async () => {
    const upstreams = await startUpstreams(['openai']);
    const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' };
    const first = { ...chunk, choices: [{ index: 0, delta: { content: 'a' }, finish_reason: null }] };
    const pieces = [`data: ${JSON.stringify(first)}\n\n`];
    upstreams.next('openai', { headers: { 'content-type': 'text/event-stream' }, pieces, finish: 'hang' });
    const endpoint = upstreams.endpoints.openai as string;
    const chat = createChatProvider({ provider: 'openai', model: 'm', apiKey: 'k', endpoint, environment });
    for await (const { choices } of chat.stream({ messages })) if (choices[0]?.delta.content === 'a') break;
    await upstreams.calls[0]?.request.whenAborted;
    await chat.close();
  });

  it('passes on what a vendor refuses with, asks once, and stops for its signal', async () => {
    const upstreams = await startUpstreams(['openai']);
    upstreams.next('openai', { status: 429, body: { error: { message: 'Slow down.' } } });
    const endpoint = upstreams.endpoints.openai as string;
    const chat = createChatProvider({ provider: 'openai', model: 'm', apiKey: 'k', endpoint, environment });
    await expect(chat.complete({ messages })).rejects.toMatchObject({ code: 'rate_limit' });
    expect(upstreams.calls).toHaveLength(1);
    upstreams.next('openai', { finish: 'silence' });
    const left = new AbortController();
    const asked = chat.complete({ messages }, { signal: left.signal });
    await expect.poll(() => upstreams.calls.length).toBe(2);
    left.abort();
    await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
    await chat.close();
  });

  it('refuses what the provider cannot take before asking it', async () => {
    const upstreams = await startUpstreams(['anthropic']);
    const endpoint = upstreams.endpoints.anthropic as string;
    const chat = createChatProvider({
      provider: 'anthropic',
      model: 'claude-haiku-4-5',
      apiKey: 'k',
      endpoint,
      environment,
    });
    await expect(chat.complete({ messages, n: 2 })).rejects.toMatchObject({ code: 'unsupported', param: 'n' });
    expect(upstreams.calls).toEqual([]);
    await chat.close();
  });

  it('says by name what is wrong with its options, and takes texts of a program as they are', () => {
    const bad = () =>
      createChatProvider({
        provider: 'openai',
        model: 'm',
        apiKey: 'k',
        endpoint: 'http://example.com/v1',
        environment,
      });
    expect(bad).toThrow(/the options of createChatProvider/);
    expect(bad).toThrow(/endpoint/);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: no variable, which is the point
    const odd = { apiKey: 'k${HOME}', provider: 'openai', model: 'm', environment } as const;
    expect(() => createChatProvider(odd)).not.toThrow();
  });
});

describe('embeddings and a vector store for programs', () => {
  it('find again what was put in, by meaning, by filter and by tenant, until it is deleted', async () => {
    const embeddings = createEmbeddings({ provider: 'local', environment });
    expect(embeddings.dimensions).toBe(768);
    const { embeddingModel, dimensions } = embeddings;
    const store = createVectorStore({
      provider: 'memory',
      embeddingDimensions: dimensions,
      embeddingModel,
      tenancy: true,
      environment,
    });
    const put = async (id: string, content: string, kind: string, tenant?: string) =>
      store.upsert(
        [{ id, content, embedding: await embeddings.embed(content), metadata: { kind } }],
        tenant === undefined ? {} : { tenant },
      );
    await put('bikes', 'Bicycles are parked in the yard.', 'rule');
    await put('lunch', 'The canteen opens at eleven.', 'time');
    await put('other', 'Bicycles of another tenant.', 'rule', 'b');
    const embedding = await embeddings.embed('Where are bicycles parked?', { purpose: 'query' });
    const ids = async (more: object = {}) =>
      (await store.search({ embedding, ...more })).map(({ document }) => document.id);
    expect(await ids()).toEqual(['bikes', 'lunch']);
    expect(await ids({ filter: { type: 'eq', key: 'kind', value: 'time' } })).toEqual(['lunch']);
    expect(await ids({ tenant: 'b' })).toEqual(['other']);
    expect(await ids({ minScore: 0.2 })).toEqual(['bikes']);
    expect(await store.delete(['bikes', 'nowhere'])).toEqual({ deleted: 1 });
    expect(await ids()).toEqual(['lunch']);
    await Promise.all([embeddings.close(), store.close()]);
  });

  it('keep to the model that a collection was filled with, in whatever program', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sluice-library-'));
    const storeOf = (embeddingModel: string, embeddingDimensions = 2) => {
      const file = join(directory, 'vectors.bin');
      return createVectorStore({ provider: 'memory', file, embeddingDimensions, embeddingModel, environment });
    };
    const document = { id: 'a', content: 'Text.', embedding: Float32Array.of(1, 0) };
    const first = storeOf('openai/small');
    await first.upsert([document]);
    await first.close();
    // Named before and after the first embedding told the length.
    const same = storeOf('openai/small@2');
    await same.upsert([{ ...document, id: 'b' }]);
    await same.close();
    const other = storeOf('openai/large@2');
    await expect(other.upsert([{ ...document, id: 'c' }])).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringMatching(/openai\/small.* openai\/large@2/),
    });
    await expect(other.search({ embedding: document.embedding })).rejects.toMatchObject({ code: 'configuration' });
    await other.delete(['a', 'b']);
    await other.upsert([{ ...document, id: 'c' }]);
    await other.close();
    await rm(directory, { recursive: true });
  });

  it('ask the vendor that they are told to, in one request for all texts', async () => {
    const requests: { url: string; body: unknown }[] = [];
    const embeddings = createEmbeddings({
      provider: 'openai',
      model: 'text-embedding-3-small',
      apiKey: 'k',
      dimensions: 2,
      environment,
      fetch: async (url, init) => {
        requests.push({ url, body: JSON.parse(String(init?.body)) });
        const data = [1, 0].map((x, index) => ({ object: 'embedding', index, embedding: [x, 1 - x] }));
        const text = JSON.stringify({ object: 'list', model: 'm', data, usage: { prompt_tokens: 2, total_tokens: 2 } });
        return {
          ok: true,
          status: 200,
          headers: { get: () => 'application/json' },
          text: async () => text,
          chunks: () => [Buffer.from(text)] as unknown as AsyncIterable<Uint8Array>,
        };
      },
    });
    expect(await embeddings.embedAll(['one', 'two'])).toEqual([Float32Array.of(1, 0), Float32Array.of(0, 1)]);
    expect(requests).toMatchObject([
      { body: { input: ['one', 'two'], model: 'text-embedding-3-small', dimensions: 2 } },
    ]);
    expect(embeddings).toMatchObject({ dimensions: 2, embeddingModel: 'openai/text-embedding-3-small@2' });
    await embeddings.close();
  });

  it('refuse vectors of another length, and options that make no store', async () => {
    const store = createVectorStore({ provider: 'memory', embeddingDimensions: 4, environment });
    const embedding = Float32Array.of(1, 0, 0);
    await expect(store.upsert([{ id: 'a', content: 'a', embedding }])).rejects.toMatchObject({
      code: 'invalid_request',
    });
    await store.close();
    const endless = () => createVectorStore({ provider: 'memory', embeddingDimensions: undefined, environment });
    expect(endless).toThrow(/embeddingDimensions/);
    expect(() =>
      createVectorStore({ provider: 'qdrant', embeddingDimensions: 4, url: 'nowhere', environment }),
    ).toThrow(/the options of createVectorStore/);
  });
});
