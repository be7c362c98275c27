import { describe, expect, test } from 'vitest';
import { createGeminiEmbeddings } from '../../../shared/embeddings/gemini.ts';
import { createJsonUpstream, type JsonAnswer } from '../../support/json-upstream.ts';

const signal = new AbortController().signal;
const document = { purpose: 'document', signal } as const;
const query = { purpose: 'query', signal } as const;

function gemini(answer: JsonAnswer, more: Partial<Parameters<typeof createGeminiEmbeddings>[0]> = {}) {
  const { fetch, requests } = createJsonUpstream(answer);
  const provider = createGeminiEmbeddings({ fetch, credential: async () => 'key', ...more });
  return { provider, requests };
}

const values = (first: number, length = 768) => [first, ...new Array(length - 1).fill(0)];
describe('gemini', () => {
  const answer = (...vectors: readonly (readonly number[])[]) => ({
    body: { embeddings: vectors.map((vector) => ({ values: vector })), usageMetadata: { promptTokenCount: 6 } },
  });

  test('asks for all texts in one request, with the key in a header', async () => {
    const { provider, requests } = gemini(answer(values(1, 3072), values(2, 3072)));
    const result = await provider.embed(['a', 'b'], query);
    expect(requests).toMatchObject([
      {
        url: 'https://generativelanguage.googleapis.com/v1beta/models/gemini-embedding-001:batchEmbedContents',
        headers: { 'x-goog-api-key': 'key' },
      },
    ]);
    expect(requests[0]?.headers).not.toHaveProperty('authorization');
    expect(requests[0]?.body).toEqual({
      requests: ['a', 'b'].map((text) => ({
        model: 'models/gemini-embedding-001',
        content: { parts: [{ text }] },
        taskType: 'RETRIEVAL_QUERY',
      })),
    });
    expect(result.vectors.map(([first]) => first)).toEqual([1, 2]);
    expect(result.usage).toEqual({ tokens: 6 });
    expect(provider).toMatchObject({ maxBatchSize: 100, dimensions: 3072, maxInputTokens: 2048 });
  });

  test('scales vectors that were cut to length 1', async () => {
    const { provider, requests } = gemini(answer([3, 4]), { dimensions: 2, model: 'models/gemini-embedding-001' });
    const { vectors } = await provider.embed(['a'], document);
    expect(requests[0]?.body).toMatchObject({
      requests: [{ taskType: 'RETRIEVAL_DOCUMENT', outputDimensionality: 2 }],
    });
    expect(vectors).toEqual([Float32Array.of(0.6, 0.8)]);
  });

  test('needs a key, but for other servers', async () => {
    const without = { credential: async () => undefined };
    const { provider, requests } = gemini(answer([3, 4]), without);
    await expect(provider.embed(['a'], document)).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('GEMINI_API_KEY'),
    });
    expect(requests).toEqual([]);
    const other = gemini(answer([3, 4]), { ...without, model: 'own', endpoint: 'http://127.0.0.1:9/' });
    await other.provider.embed(['a'], document);
    expect(other.requests[0]?.url).toBe('http://127.0.0.1:9/v1beta/models/own:batchEmbedContents');
    expect(other.requests[0]?.headers).not.toHaveProperty('x-goog-api-key');
  });

  test.each([
    ['no list', {}],
    ['null', null],
    ['too few', { embeddings: [] }],
    ['nothing in one', { embeddings: [null] }],
  ])('that answers with %s is refused', async (_name, body) => {
    await expect(gemini({ body: JSON.stringify(body) }).provider.embed(['a'], document)).rejects.toMatchObject({
      code: 'invalid_output',
    });
  });
});
