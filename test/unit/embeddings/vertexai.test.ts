import { describe, expect, test } from 'vitest';
import { createVertexEmbeddings } from '../../../shared/embeddings/vertexai.ts';
import { createJsonUpstream, type JsonAnswer } from '../../support/json-upstream.ts';

const signal = new AbortController().signal;
const document = { purpose: 'document', signal } as const;
const query = { purpose: 'query', signal } as const;

function vertex(answer: JsonAnswer, more: Partial<Parameters<typeof createVertexEmbeddings>[0]> = {}) {
  const { fetch, requests } = createJsonUpstream(answer);
  const provider = createVertexEmbeddings({ project: 'my-project', fetch, credential: async () => 'token', ...more });
  return { provider, requests };
}

const values = (first: number, length = 768) => [first, ...new Array(length - 1).fill(0)];
const prediction = (vector: readonly number[], statistics: object | null = { token_count: 4, truncated: false }) => ({
  embeddings: { values: vector, statistics },
});
const predictions = (...list: readonly object[]) => ({ body: { predictions: list } });

describe('vertexai', () => {
  test('asks the model in its region, and never has texts cut', async () => {
    const { provider, requests } = vertex(predictions(prediction(values(1)), prediction(values(2))));
    const result = await provider.embed(['a', 'b'], document);
    expect(requests).toMatchObject([
      {
        url: 'https://us-central1-aiplatform.googleapis.com/v1/projects/my-project/locations/us-central1/publishers/google/models/text-embedding-005:predict',
        headers: { authorization: 'Bearer token' },
      },
    ]);
    expect(requests[0]?.body).toEqual({
      instances: [
        { content: 'a', task_type: 'RETRIEVAL_DOCUMENT' },
        { content: 'b', task_type: 'RETRIEVAL_DOCUMENT' },
      ],
      parameters: { autoTruncate: false },
    });
    expect(result.usage).toEqual({ tokens: 8 });
  });

  test.each([
    [
      { location: 'europe-west1' },
      'https://europe-west1-aiplatform.googleapis.com/v1/projects/my-project/locations/europe-west1/',
    ],
    [{ location: 'global' }, 'https://aiplatform.googleapis.com/v1/projects/my-project/locations/global/'],
    [{ location: 'eu' }, 'https://aiplatform.eu.rep.googleapis.com/v1/projects/my-project/locations/eu/'],
    [{ endpoint: 'http://127.0.0.1:9/' }, 'http://127.0.0.1:9/v1/projects/my-project/locations/us-central1/'],
    [{ project: 'example.com:old' }, 'https://us-central1-aiplatform.googleapis.com/v1/projects/example.com%3Aold/'],
  ])('with %o is asked at %s', async (more, address) => {
    const { provider, requests } = vertex(predictions(prediction(values(1))), more);
    await provider.embed(['a'], query);
    expect(requests[0]?.url.startsWith(address)).toBe(true);
    expect(requests[0]?.body).toMatchObject({ instances: [{ task_type: 'RETRIEVAL_QUERY' }] });
  });

  test.each([
    ['text-embedding-005', 250, 768],
    ['text-multilingual-embedding-002', 250, 768],
    ['gemini-embedding-001', 1, 3072],
    ['publishers/google/models/gemini-embedding-001', 1, 3072],
    ['another-model', 1, undefined],
  ])('has %s with %i texts per request and %s dimensions', (model, maxBatchSize, dimensions) => {
    const { provider } = vertex({}, { model });
    expect(provider).toMatchObject({ maxBatchSize, dimensions, maxBatchTokens: 20_000, maxInputTokens: 2048 });
  });

  test('scales vectors that were cut to length 1', async () => {
    const cut = [3, 4, ...new Array(766).fill(0)];
    const { provider, requests } = vertex(predictions(prediction(cut)), {
      model: 'gemini-embedding-001',
      dimensions: 768,
    });
    const { vectors } = await provider.embed(['a'], document);
    expect(requests[0]?.body).toMatchObject({ parameters: { outputDimensionality: 768, autoTruncate: false } });
    expect(vectors[0]?.slice(0, 3)).toEqual(Float32Array.of(0.6, 0.8, 0));
  });

  test('leaves vectors of full length as they are, and does not ask for them by number', async () => {
    const { provider, requests } = vertex(predictions(prediction(values(2))), { dimensions: 768 });
    const { vectors } = await provider.embed(['a'], document);
    expect(vectors[0]?.[0]).toBe(2);
    expect(requests[0]?.body).not.toHaveProperty('parameters.outputDimensionality');
  });

  test('that cut a text all the same has not embedded it', async () => {
    const { provider } = vertex(predictions(prediction(values(1), { token_count: 2048, truncated: true })));
    await expect(provider.embed(['a'], document)).rejects.toMatchObject({ code: 'too_large' });
  });

  test('without statistics does not know the tokens', async () => {
    const { provider } = vertex(predictions(prediction(values(1), null)));
    expect(await provider.embed(['a'], document)).not.toHaveProperty('usage');
  });

  test.each([
    ['no predictions', {}],
    ['too few', { predictions: [] }],
    ['nothing in one', { predictions: [null] }],
    ['another length', { predictions: [prediction([1, 2])] }],
  ])('that answers with %s is refused', async (_name, body) => {
    await expect(vertex({ body }).provider.embed(['a'], document)).rejects.toMatchObject({ code: 'invalid_output' });
  });
});
