import { describe, expect, test } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import { createTeiEmbeddings } from '../../../shared/embeddings/huggingface-tei.ts';
import { createEmbedder } from '../../../shared/rag/embed.ts';
import { createJsonUpstream, type JsonAnswer, type JsonRequest } from '../../support/json-upstream.ts';

const signal = new AbortController().signal;
const options = { purpose: 'document', signal } as const;

const isInfo = ({ url }: JsonRequest) => url.endsWith('/info');
const inputsOf = ({ body }: JsonRequest) => (body as { inputs: string[] }).inputs;

/** A server that gives each text a vector of two. */
function create({
  info = { status: 404 },
  answer = (inputs) => ({ body: inputs.map((text) => [text.length, 1]) }),
  ...more
}: {
  readonly info?: JsonAnswer;
  readonly answer?: (inputs: readonly string[]) => JsonAnswer;
} & Partial<Parameters<typeof createTeiEmbeddings>[0]> = {}) {
  const { fetch, requests } = createJsonUpstream((request) => (isInfo(request) ? info : answer(inputsOf(request))));
  const provider = createTeiEmbeddings({
    model: 'BAAI/bge-large-en-v1.5',
    endpoint: 'http://tei:8080/',
    credential: async () => undefined,
    fetch,
    ...more,
  });
  return { provider, requests, sent: () => requests.filter((request) => !isInfo(request)) };
}
const own = { model: 'our/own' };
const texts = (count: number) => Array.from({ length: count }, (_, index) => `text ${index}`);

describe('the request', () => {
  test.each([
    [{}, { normalize: true }],
    [{ normalize: false }, { normalize: false }],
    [{ dimensions: 2 }, { normalize: true, dimensions: 2 }],
  ])('with %o holds %o', async (more, body) => {
    const { provider, sent } = create({ ...own, ...more });
    await provider.embed(['a'], options);
    expect(sent()).toMatchObject([{ url: 'http://tei:8080/embed', method: 'POST' }]);
    expect(sent()[0]?.body).toEqual({ inputs: ['a'], truncate: false, ...body });
  });

  test('carries a token where the server is private', async () => {
    const { provider, requests } = create({ ...own, credential: async () => 'token' });
    await provider.embed(['a'], options);
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer token', 'Bearer token']);
  });

  test('for 33 texts is two requests while the server does not tell its limits', async () => {
    const { provider, sent } = create(own);
    await createEmbedder({ provider }).embedDocuments(texts(33), { signal });
    expect(sent().map((request) => inputsOf(request).length)).toEqual([32, 1]);
  });
});

describe('the limits of the server', () => {
  test('are asked for once', async () => {
    const { provider, requests } = create({
      ...own,
      info: { body: { max_client_batch_size: 64, max_input_length: 512 } },
    });
    expect(provider).toMatchObject({ maxBatchSize: 32, maxInputTokens: 8192 });
    await Promise.all([provider.embed(['a'], options), provider.embed(['b'], options)]);
    await provider.embed(['c'], options);
    expect(requests.filter(isInfo)).toMatchObject([{ url: 'http://tei:8080/info', method: 'GET' }]);
    expect(provider).toMatchObject({ maxBatchSize: 64, maxInputTokens: 512 });
  });

  test('can be asked for before there is anything to embed', async () => {
    const { provider, requests } = create({ ...own, info: { body: { max_input_length: 512 } } });
    await provider.learnLimits?.(options.signal);
    expect(provider.maxInputTokens).toBe(512);
    await provider.learnLimits?.(options.signal);
    expect(requests).toHaveLength(1);
  });

  test('hold for the batch that was made before they were known', async () => {
    const { provider, sent } = create({ ...own, info: { body: { max_client_batch_size: 8 } } });
    const { vectors } = await createEmbedder({ provider }).embedDocuments(texts(20), { signal });
    expect(vectors).toHaveLength(20);
    const sizes = sent().map((request) => inputsOf(request).length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(8);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(20);
  });

  test.each([
    { status: 404, body: 'Not found' },
    { status: 500 },
    { body: 'null' },
    { body: '<html>' },
    { body: { max_client_batch_size: 0, max_input_length: 'many' } },
  ])('are the usual ones where it answers %o', async (info) => {
    const { provider, requests } = create({ ...own, info });
    await provider.embed(['a'], options);
    await provider.embed(['a'], options);
    expect(provider).toMatchObject({ maxBatchSize: 32, maxInputTokens: 8192 });
    expect(requests.filter(isInfo)).toHaveLength(1);
  });

  test('are asked for again when nobody answered', async () => {
    const { provider, requests } = create({ ...own, info: { body: { max_client_batch_size: 64 } } });
    let isDown = true;
    const flaky = createTeiEmbeddings({
      ...own,
      endpoint: 'http://tei:8080',
      credential: async () => undefined,
      async fetch(url) {
        if (isDown) throw new AppError('network', 'No connection.');
        const body = url.endsWith('/info') ? '{"max_client_batch_size": 4}' : '[[1, 2]]';
        return {
          status: 200,
          ok: true,
          headers: new Headers(),
          text: async () => body,
          async *chunks() {},
        };
      },
    });
    await expect(flaky.embed(['a'], options)).rejects.toMatchObject({ code: 'network' });
    isDown = false;
    await flaky.embed(['a'], options);
    expect(flaky.maxBatchSize).toBe(4);
    expect([provider.maxBatchSize, requests.length]).toEqual([32, 0]);
  });
});

describe('a refusal', () => {
  test.each([
    [413, 'too_large', false],
    [422, 'invalid_request', false],
    [424, 'server_error', true],
    [429, 'rate_limit', true],
    [503, 'server_error', true],
  ])('of status %i is %s', async (status, code, retryable) => {
    const { provider } = create({ ...own, answer: () => ({ status, body: { error: 'x', error_type: 'Validation' } }) });
    await expect(provider.embed(['a'], options)).rejects.toMatchObject({ code, retryable, upstreamStatus: status });
  });

  test.each([413, 422])('of status %i for a text that is too long names the text', async (status) => {
    const { provider } = create({
      ...own,
      answer: (inputs) => (inputs.includes('long') ? { status } : { body: inputs.map(() => [1, 2]) }),
    });
    const failure = createEmbedder({ provider }).embedDocuments([...texts(5), 'long'], { signal });
    await expect(failure).rejects.toMatchObject({ code: 'invalid_request', param: 'input[5]' });
  });
});

test('tokens are those the server counted', async () => {
  const { provider } = create({
    ...own,
    answer: () => ({ body: [[1, 2]], headers: { 'x-compute-tokens': '11' } }),
  });
  expect((await provider.embed(['a'], options)).usage).toEqual({ tokens: 11 });
});

test.each([{ model: 'm' }, { endpoint: 'http://tei:8080' }])('%o alone is a configuration error', (given) => {
  const { fetch } = createJsonUpstream();
  expect(() => createTeiEmbeddings({ fetch, credential: async () => undefined, ...given })).toThrowError(
    expect.objectContaining({ code: 'configuration' }),
  );
});
