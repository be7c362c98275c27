import { describe, expect, test, vi } from 'vitest';
import type { HttpFetch } from '../../../shared/contracts/http-fetch.ts';
import { createGeminiEmbeddings } from '../../../shared/embeddings/gemini.ts';
import { createHuggingFaceEmbeddings } from '../../../shared/embeddings/huggingface.ts';
import { createOllamaEmbeddings } from '../../../shared/embeddings/ollama.ts';
import { createOpenAIEmbeddings } from '../../../shared/embeddings/openai.ts';
import { createVertexEmbeddings } from '../../../shared/embeddings/vertexai.ts';
import { createJsonUpstream } from '../../support/json-upstream.ts';

const signal = new AbortController().signal;
const options = { purpose: 'document', signal } as const;
const answer = { data: [{ index: 0, embedding: [1, 2] }] };
const model = 'own';
const endpoint = 'http://127.0.0.1:1/v1';

const bearers = (requests: readonly { headers: Readonly<Record<string, string>> }[]) =>
  requests.map(({ headers }) => headers.authorization);

describe('a credential that is refused', () => {
  test('is renewed once, and the request made again', async () => {
    const { fetch, requests } = createJsonUpstream({ status: 401 }, { body: answer });
    const renew = vi.fn(async () => 'new');
    const provider = createOpenAIEmbeddings({ model, endpoint, fetch, credential: async () => 'old', renew });
    expect((await provider.embed(['a'], options)).vectors).toEqual([Float32Array.of(1, 2)]);
    expect(bearers(requests)).toEqual(['Bearer old', 'Bearer new']);
    expect(renew).toHaveBeenCalledExactlyOnceWith('old', signal);
  });

  test('twice is the end of it', async () => {
    const { fetch, requests } = createJsonUpstream({ status: 401 });
    const renew = async () => 'new';
    const provider = createOpenAIEmbeddings({ model, endpoint, fetch, credential: async () => 'old', renew });
    await expect(provider.embed(['a'], options)).rejects.toMatchObject({ code: 'authentication' });
    expect(requests).toHaveLength(2);
  });

  test.each([
    ['there is no newer one', { renew: async () => undefined }, 401, 1],
    ['nobody can renew it', {}, 401, 1],
    ['something else is wrong', { renew: async () => 'new' }, 403, 1],
  ])('is not renewed when %s', async (_name, more, status, count) => {
    const { fetch, requests } = createJsonUpstream({ status });
    const provider = createOpenAIEmbeddings({ model, endpoint, fetch, credential: async () => 'old', ...more });
    await expect(provider.embed(['a'], options)).rejects.toMatchObject({ upstreamStatus: status });
    expect(requests).toHaveLength(count);
  });

  test('is known by what Google says of a wrong key with status 400', async () => {
    const refusal = { error: { code: 400, details: [{ '@type': 'x.ErrorInfo', reason: 'API_KEY_INVALID' }] } };
    const { fetch, requests } = createJsonUpstream(
      { status: 400, body: refusal },
      { body: { embeddings: [{ values: [3, 4] }] } },
    );
    const provider = createGeminiEmbeddings({ model, fetch, credential: async () => 'old', renew: async () => 'new' });
    await provider.embed(['a'], options);
    expect(requests.map(({ headers }) => headers['x-goog-api-key'])).toEqual(['old', 'new']);
  });
});

describe('a refusal', () => {
  test('whose body never ends is told all the same', async () => {
    vi.useFakeTimers();
    try {
      const fetch: HttpFetch = async () => ({
        status: 429,
        ok: false,
        headers: { get: (name) => (name === 'retry-after' ? '7' : null) },
        text: () => new Promise(() => {}),
        chunks: () => ({
          [Symbol.asyncIterator]() {
            let end: (result: IteratorResult<Uint8Array>) => void = () => {};
            return {
              next: () => new Promise<IteratorResult<Uint8Array>>((resolve) => (end = resolve)),
              async return() {
                end({ done: true, value: undefined });
                return { done: true as const, value: undefined };
              },
            };
          },
        }),
      });
      const provider = createOpenAIEmbeddings({ model, endpoint, fetch, credential: async () => 'key' });
      const failure = provider.embed(['a'], options).catch((error: unknown) => error);
      await vi.advanceTimersByTimeAsync(5_000);
      expect(await failure).toMatchObject({ code: 'rate_limit', retryAfterMs: 7_000 });
    } finally {
      vi.useRealTimers();
    }
  });

  test('never repeats what the upstream wrote', async () => {
    const { fetch } = createJsonUpstream({ status: 500, body: 'the secret text' });
    const provider = createOllamaEmbeddings({
      model,
      endpoint: 'http://127.0.0.1:1',
      fetch,
      credential: async () => undefined,
    });
    await expect(provider.embed(['a'], options)).rejects.toMatchObject({
      code: 'server_error',
      message: expect.not.stringContaining('secret'),
    });
  });
});

describe('what does not fit together', () => {
  const access = { fetch: createJsonUpstream().fetch, credential: async () => 'key' };
  const local = 'http://127.0.0.1:1';
  test.each([
    [
      'dimensions of a model that has others',
      () => createHuggingFaceEmbeddings({ ...access, model: 'thenlper/gte-large', dimensions: 512 }),
    ],
    ['more dimensions than a model has', () => createGeminiEmbeddings({ ...access, dimensions: 3073 })],
    ['a model that leads to another path', () => createHuggingFaceEmbeddings({ ...access, model: '../../whoami' })],
    ['a model that names another method', () => createGeminiEmbeddings({ ...access, model: 'x:generateContent' })],
    ['no model', () => createHuggingFaceEmbeddings(access)],
    ['an endpoint with a path', () => createOllamaEmbeddings({ ...access, model, endpoint: `${local}/api` })],
    ['no endpoint', () => createOllamaEmbeddings({ ...access, model })],
    ['no project', () => createVertexEmbeddings(access)],
    ['a project that is none', () => createVertexEmbeddings({ ...access, project: 'a/b' })],
    ['a location that names a host', () => createVertexEmbeddings({ ...access, project: 'p', location: 'x.y/' })],
  ])('%s is a configuration error', (_name, make) => {
    expect(make).toThrowError(expect.objectContaining({ name: 'AppError', code: 'configuration' }));
  });
});

test('an answer that is not JSON is invalid output', async () => {
  const { fetch } = createJsonUpstream({ body: '<html>' });
  const provider = createHuggingFaceEmbeddings({ model: 'a/b', fetch, credential: async () => undefined });
  await expect(provider.embed(['a'], options)).rejects.toMatchObject({ code: 'invalid_output' });
});
