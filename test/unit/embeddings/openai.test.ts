import { describe, expect, test } from 'vitest';
import type { HttpFetch } from '../../../shared/contracts/http-fetch.ts';
import { createOpenAIEmbeddings, type OpenAIEmbeddingsOptions } from '../../../shared/embeddings/openai.ts';
import { createJsonUpstream, type JsonAnswer } from '../../support/json-upstream.ts';

const signal = new AbortController().signal;
const options = { purpose: 'document', signal } as const;

const upstream = (body: unknown, rest: Omit<JsonAnswer, 'body'> = {}) => createJsonUpstream({ body, ...rest });

const create = (fetch: HttpFetch, more: Partial<OpenAIEmbeddingsOptions> = {}) =>
  createOpenAIEmbeddings({ credential: async () => 'secret-key', fetch, ...more });

const vector = (first: number, length = 1536) => [first, ...new Array(length - 1).fill(0)];
const item = (index: number, first: number, length?: number) => ({
  object: 'embedding',
  index,
  embedding: vector(first, length),
});

describe('the request', () => {
  test('asks OpenAI for base64 at its address with the key', async () => {
    const { fetch, requests } = upstream({ data: [item(0, 1)], usage: { prompt_tokens: 3, total_tokens: 3 } });
    const result = await create(fetch).embed(['text'], options);
    expect(requests).toMatchObject([
      {
        url: 'https://api.openai.com/v1/embeddings',
        method: 'POST',
        headers: { authorization: 'Bearer secret-key', 'content-type': 'application/json' },
        body: { model: 'text-embedding-3-small', input: ['text'], encoding_format: 'base64' },
      },
    ]);
    expect(requests[0]?.body).not.toHaveProperty('dimensions');
    expect(result.usage).toEqual({ tokens: 3 });
  });

  test('asks other servers for floats, because some ignore base64 and answer something else', async () => {
    const { fetch, requests } = upstream({ data: [item(0, 1)] });
    await create(fetch, { endpoint: 'https://api.openai.com.example.com/v1' }).embed(['text'], options);
    await create(fetch, { endpoint: 'https://api.openai.com/v1/' }).embed(['text'], options);
    expect(requests.map(({ body }) => body)).toMatchObject([
      { encoding_format: 'float' },
      { encoding_format: 'base64' },
    ]);
  });

  test('carries shorter dimensions, which the answer must have', async () => {
    const { fetch, requests } = upstream({ data: [item(0, 1, 1024)] });
    const provider = create(fetch, { model: 'text-embedding-3-large', dimensions: 1024 });
    const result = await provider.embed(['text'], options);
    expect(requests[0]?.body).toMatchObject({ dimensions: 1024 });
    expect(result.vectors[0]).toHaveLength(1024);
    expect(provider.dimensions).toBe(1024);
  });

  test('goes to another endpoint without a key when there is none', async () => {
    const { fetch, requests } = upstream({ data: [item(0, 1, 4)] });
    const provider = create(fetch, {
      model: 'bge',
      endpoint: 'http://127.0.0.1:8000/v1/',
      credential: async () => undefined,
    });
    expect(provider.dimensions).toBeUndefined();
    await provider.embed(['text'], options);
    expect(provider.dimensions).toBe(4);
    expect(requests[0]?.url).toBe('http://127.0.0.1:8000/v1/embeddings');
    expect(requests[0]?.headers).not.toHaveProperty('authorization');
  });

  test('is not sent to OpenAI without a key, nor for no text', async () => {
    const { fetch, requests } = upstream({});
    await expect(create(fetch, { credential: async () => undefined }).embed(['text'], options)).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('OPENAI_API_KEY'),
    });
    expect(await create(fetch).embed([], options)).toEqual({ vectors: [] });
    expect(requests).toEqual([]);
  });
});

describe('models', () => {
  test.each([
    ['text-embedding-3-small', 1536],
    ['text-embedding-3-large', 3072],
    ['text-embedding-ada-002', 1536],
  ])('%s has %i dimensions', (model, dimensions) => {
    const { fetch } = upstream({});
    expect(create(fetch, { model })).toMatchObject({
      dimensions,
      maxBatchSize: 2048,
      maxBatchTokens: 300_000,
      maxInputTokens: 8192,
    });
  });

  test.each([
    { model: 'text-embedding-ada-002', dimensions: 512 },
    { model: 'text-embedding-3-small', dimensions: 1537 },
    { model: 'text-embedding-3-large', dimensions: 0 },
    { model: 'other', dimensions: 1.5 },
  ])('%o is a configuration error', (more) => {
    expect(() => create(upstream({}).fetch, more)).toThrowError(expect.objectContaining({ code: 'configuration' }));
  });
});

describe('the answer', () => {
  test('is put in the order of the texts', async () => {
    const { fetch } = upstream({ data: [item(2, 0.3), item(0, 0.1), item(1, 0.2)] });
    const { vectors } = await create(fetch).embed(['a', 'b', 'c'], options);
    expect(vectors.map((entry) => entry[0]?.toFixed(1))).toEqual(['0.1', '0.2', '0.3']);
  });

  test('is read by what it is, whatever was asked for', async () => {
    const floats = Float32Array.from([0.5, -1, 2, 0.25]);
    const embedding = Buffer.from(floats.buffer).toString('base64');
    const { fetch } = upstream({ data: [{ index: 0, embedding }] });
    const { vectors } = await create(fetch, { model: 'other', endpoint: 'http://127.0.0.1/v1' }).embed(['a'], options);
    expect(vectors).toEqual([floats]);
  });

  test.each([
    ['fewer vectors', { data: [item(0, 1)] }],
    ['the same index twice', { data: [item(0, 1), item(0, 1)] }],
    ['an index of nothing', { data: [item(0, 1), item(2, 1)] }],
    ['another dimension', { data: [item(0, 1), item(1, 1, 384)] }],
    ['a quarter of the dimension', { data: [item(0, 1, 384), item(1, 1, 384)] }],
    ['null in a vector', { data: [item(0, 1), { index: 1, embedding: [null, ...vector(1, 1535)] }] }],
    ['a value beyond 32 bits', { data: [item(0, 1), item(1, 1e300)] }],
    ['an item without a vector', { data: [item(0, 1), { index: 1 }] }],
    ['null items', { data: [null, null] }],
    ['a vector of zeros', { data: [item(0, 1), item(1, 0)] }],
    ['base64 that is no list of floats', { data: [item(0, 1), { index: 1, embedding: 'AAAAAAA=' }] }],
    ['no list', { data: null }],
    ['an error object', { error: { message: 'secret prompt' } }],
    ['null', 'null'],
    ['no JSON', '<html>'],
  ])('with %s is refused', async (_name, answer) => {
    const failure = create(upstream(answer).fetch).embed(['a', 'b'], options);
    await expect(failure).rejects.toMatchObject({
      code: 'invalid_output',
      message: expect.not.stringContaining('secret'),
    });
  });

  test.each([
    [400, {}, 'invalid_request'],
    [401, {}, 'authentication'],
    [404, {}, 'model_not_found'],
    [413, {}, 'too_large'],
    [429, {}, 'rate_limit'],
    [429, { error: { type: 'insufficient_quota' } }, 'quota_exceeded'],
    [503, {}, 'server_error'],
  ])('of status %i %o is %s', async (status, body, code) => {
    const { fetch } = upstream(body, { status, headers: { 'retry-after': '7' } });
    const failure = create(fetch).embed(['a'], options);
    await expect(failure).rejects.toMatchObject({ code, upstreamStatus: status });
    if (status === 429) await expect(failure).rejects.toMatchObject({ retryAfterMs: 7000 });
  });
});
