import { describe, expect, test } from 'vitest';
import { createHuggingFaceEmbeddings } from '../../../shared/embeddings/huggingface.ts';
import { createEmbedder } from '../../../shared/rag/embed.ts';
import { createRetry } from '../../../shared/resilience/retry.ts';
import { createJsonUpstream, type JsonAnswer } from '../../support/json-upstream.ts';

const signal = new AbortController().signal;
const options = { purpose: 'document', signal } as const;

function create(answer: JsonAnswer, more: Partial<Parameters<typeof createHuggingFaceEmbeddings>[0]> = {}) {
  const { fetch, requests } = createJsonUpstream(answer);
  const provider = createHuggingFaceEmbeddings({ model: 'owner/own', fetch, credential: async () => 'key', ...more });
  return { provider, requests };
}

describe('the request', () => {
  test('goes to the router, waits for the model and takes from the cache', async () => {
    const { provider, requests } = create({ body: [[3, 4]] });
    await provider.embed(['a'], options);
    expect(requests).toMatchObject([
      {
        url: 'https://router.huggingface.co/hf-inference/models/owner/own/pipeline/feature-extraction',
        method: 'POST',
        headers: { authorization: 'Bearer key', 'x-wait-for-model': 'true', 'x-use-cache': 'true' },
        body: { inputs: ['a'], truncate: false },
      },
    ]);
  });

  test('does neither where it is switched off', async () => {
    const { provider, requests } = create({ body: [[3, 4]] }, { waitForModel: false, useCache: false });
    await provider.embed(['a'], options);
    expect(requests[0]?.headers).toMatchObject({ 'x-wait-for-model': 'false', 'x-use-cache': 'false' });
  });

  test('carries no authorization without a key', async () => {
    const { provider, requests } = create({ body: [[3, 4]] }, { credential: async () => undefined });
    await provider.embed(['a'], options);
    expect(requests[0]?.headers).not.toHaveProperty('authorization');
  });

  test.each([
    ['https://hub.example.com/hf/', 'https://hub.example.com/hf/models/owner/own/pipeline/feature-extraction'],
    ['https://x1.eu-west-1.aws.endpoints.huggingface.cloud', 'https://x1.eu-west-1.aws.endpoints.huggingface.cloud'],
  ])('to %s goes to %s', async (endpoint, url) => {
    const { provider, requests } = create({ body: [[3, 4]] }, { endpoint });
    await provider.embed(['a'], options);
    expect(requests[0]?.url).toBe(url);
  });
});

describe('models', () => {
  test.each([
    ['sentence-transformers/all-MiniLM-L6-v2', 384],
    ['BAAI/bge-large-en-v1.5', 1024],
    ['thenlper/gte-large', 1024],
    ['owner/own', undefined],
  ])('%s has %s dimensions', (model, dimensions) => {
    expect(create({}, { model }).provider).toMatchObject({ dimensions, maxBatchSize: 32 });
  });

  test('that are not known have the dimensions of their first answer for ever', async () => {
    const { fetch } = createJsonUpstream({ body: [[1, 2, 3]] }, { body: [[1, 2]] });
    const provider = createHuggingFaceEmbeddings({ model: 'owner/own', fetch, credential: async () => undefined });
    await provider.embed(['a'], options);
    expect(provider.dimensions).toBe(3);
    await expect(provider.embed(['a'], options)).rejects.toMatchObject({
      code: 'invalid_output',
      message: expect.stringContaining('3 were expected'),
    });
  });
});

describe('the answer', () => {
  const mean = Float32Array.of(0.6, 0.8);
  test.each([
    [
      'a vector for each text',
      ['a', 'b'],
      [
        [3, 4],
        [1, 0],
      ],
      [Float32Array.of(3, 4), Float32Array.of(1, 0)],
    ],
    ['one vector for the only text', ['a'], [3, 4], [Float32Array.of(3, 4)]],
    ['a list of one vector', ['a'], [[3, 4]], [Float32Array.of(3, 4)]],
    [
      'a vector per token of the only text',
      ['a'],
      [
        [6, 0],
        [0, 8],
      ],
      [mean],
    ],
    [
      'a vector per token in a list of one text',
      ['a'],
      [
        [
          [6, 0],
          [0, 8],
        ],
      ],
      [mean],
    ],
    [
      'a vector per token of each text',
      ['a', 'b'],
      [
        [
          [6, 0],
          [0, 8],
        ],
        [[3, 4]],
      ],
      [mean, mean],
    ],
    [
      'a vector per token, one list deeper',
      ['a', 'b'],
      [
        [
          [
            [6, 0],
            [0, 8],
          ],
        ],
        [[[3, 4]]],
      ],
      [mean, mean],
    ],
  ])('may be %s', async (_name, texts, body, vectors) => {
    expect((await create({ body }).provider.embed(texts, options)).vectors).toEqual(vectors);
  });

  test.each([
    ['a vector too few', [[1, 2]]],
    ['token vectors of different lengths', [[[1, 2], [1]], [[1, 2]]]],
    [
      'token vectors that cancel out',
      [
        [
          [1, 2],
          [-1, -2],
        ],
        [[1, 2]],
      ],
    ],
    ['no numbers', [['x'], ['y']]],
    ['nothing per text', [[], []]],
    ['an object', { error: 'x' }],
    ['lists within lists', `[${'['.repeat(5_000)}${']'.repeat(5_000)}, [1, 2]]`],
  ])('with %s is refused', async (_name, body) => {
    await expect(create({ body }).provider.embed(['a', 'b'], options)).rejects.toMatchObject({
      code: 'invalid_output',
    });
  });

  test('says in a header how many tokens there were', async () => {
    const { provider } = create({ body: [[3, 4]], headers: { 'x-compute-tokens': '5' } });
    expect((await provider.embed(['a'], options)).usage).toEqual({ tokens: 5 });
  });
});

describe('a model that is being loaded', () => {
  test('is waited for', async () => {
    const { fetch, requests } = createJsonUpstream(
      { status: 503, body: { error: 'loading', estimated_time: 20 } },
      { body: [[3, 4]] },
    );
    const provider = createHuggingFaceEmbeddings({ model: 'owner/own', fetch, credential: async () => undefined });
    const waits: number[] = [];
    const retry = createRetry({
      config: { maxAttempts: 3, initialBackoffMs: 1, maxBackoffMs: 60_000, multiplier: 2, retryOn: ['server_error'] },
      sleep: async (delayMs) => void waits.push(delayMs),
    });
    expect(await createEmbedder({ provider, retry }).embedQuery('a', { signal })).toMatchObject({ requests: 2 });
    expect(waits).toEqual([20_000]);
    expect(requests).toHaveLength(2);
  });

  test.each([
    [20, 20_000],
    [0.4, 400],
    [3_600, 60_000],
  ])('for %s more seconds is worth another attempt after %i ms', async (estimate, retryAfterMs) => {
    const { provider } = create({
      status: 503,
      body: { error: 'Model owner/own is currently loading', estimated_time: estimate },
    });
    await expect(provider.embed(['a'], options)).rejects.toMatchObject({
      code: 'server_error',
      retryable: true,
      retryAfterMs,
      upstreamStatus: 503,
    });
  });

  test.each(['soon', '<html>', 'null'])('and says %j is worth one after the usual wait', async (body) => {
    const failure = create({ status: 503, body }).provider.embed(['a'], options);
    await expect(failure).rejects.toMatchObject({ code: 'server_error', retryable: true, retryAfterMs: undefined });
  });
});
