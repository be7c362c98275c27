import { describe, expect, test } from 'vitest';
import { createOllamaEmbeddings } from '../../../shared/embeddings/ollama.ts';
import { createEmbedder } from '../../../shared/rag/embed.ts';
import { createJsonUpstream, type JsonAnswer, type JsonRequest } from '../../support/json-upstream.ts';

const signal = new AbortController().signal;
const options = { purpose: 'document', signal } as const;
const TOO_LONG = { error: 'the input length exceeds the context length' };

function create(
  answer: JsonAnswer | ((request: JsonRequest) => JsonAnswer),
  more: Partial<Parameters<typeof createOllamaEmbeddings>[0]> = {},
) {
  const { fetch, requests } = createJsonUpstream(answer);
  const provider = createOllamaEmbeddings({
    model: 'own',
    endpoint: 'http://localhost:11434',
    credential: async () => undefined,
    fetch,
    ...more,
  });
  return { provider, requests };
}

test('the request asks for all texts at once, and never to cut them', async () => {
  const { provider, requests } = create({ body: { embeddings: [[1, 2]], prompt_eval_count: 9 } });
  const result = await provider.embed(['a'], options);
  expect(requests).toMatchObject([{ url: 'http://localhost:11434/api/embed', method: 'POST' }]);
  expect(requests[0]?.headers).not.toHaveProperty('authorization');
  expect(requests[0]?.body).toEqual({ model: 'own', input: ['a'], truncate: false });
  expect(result).toEqual({ vectors: [Float32Array.of(1, 2)], usage: { tokens: 9 } });
});

test('a private server is asked with a token', async () => {
  const endpoint = 'https://ollama-x.a.run.app/';
  const { provider, requests } = create(
    { body: { embeddings: [[1, 2]] } },
    { endpoint, credential: async () => 'token' },
  );
  await provider.embed(['a'], options);
  expect(requests).toMatchObject([
    { url: 'https://ollama-x.a.run.app/api/embed', headers: { authorization: 'Bearer token' } },
  ]);
});

test.each([
  [{ model: 'nomic-embed-text', dimensions: 256 }, 256],
  [{ model: 'nomic-embed-text:v1.5', dimensions: 768 }, undefined],
  [{ model: 'nomic-embed-text' }, undefined],
])('%o asks for %s dimensions', async (more, dimensions) => {
  const length = dimensions ?? 768;
  const { provider, requests } = create({ body: { embeddings: [new Array(length).fill(1)] } }, more);
  await provider.embed(['a'], options);
  expect(requests[0]?.body).toEqual({
    model: more.model,
    input: ['a'],
    truncate: false,
    ...(dimensions && { dimensions }),
  });
});

test('many texts are many small requests', async () => {
  const sizes: number[] = [];
  const { provider } = create(({ body }) => {
    const { input } = body as { input: string[] };
    sizes.push(input.length);
    return { body: { embeddings: input.map(() => [1, 2]) } };
  });
  const texts = Array.from({ length: 40 }, (_, index) => `text ${index}`);
  await createEmbedder({ provider }).embedDocuments(texts, { signal });
  expect(sizes).toEqual([16, 16, 8]);
});

describe('a text that is too long', () => {
  test.each([400, 500])('is known by what the server says with status %i', async (status) => {
    const failure = create({ status, body: TOO_LONG }).provider.embed(['a'], options);
    await expect(failure).rejects.toMatchObject({ code: 'too_large', retryable: false, upstreamStatus: status });
  });

  test('is named, and the others are embedded', async () => {
    const { provider } = create(({ body }) => {
      const { input } = body as { input: string[] };
      if (input.includes('long')) return { status: 500, body: TOO_LONG };
      return { body: { embeddings: input.map(() => [1, 2]) } };
    });
    const embedder = createEmbedder({ provider });
    const [failed, passed] = await Promise.allSettled([
      embedder.embedDocuments(['a', 'long'], { signal }),
      embedder.embedDocuments(['b'], { signal }),
    ]);
    expect(failed).toMatchObject({ reason: { code: 'invalid_request', param: 'input[1]' } });
    expect(passed).toMatchObject({ status: 'fulfilled', value: { vectors: [Float32Array.of(1, 2)] } });
  });
});

test.each([
  [400, { error: 'invalid input type' }, 'invalid_request'],
  [404, { error: 'model "own" not found, try pulling it first' }, 'model_not_found'],
  [500, { error: 'EOF' }, 'server_error'],
])('a refusal of status %i %o is %s', async (status, body, code) => {
  await expect(create({ status, body }).provider.embed(['a'], options)).rejects.toMatchObject({ code });
});

test.each([{}, { embeddings: null }, { embeddings: [[0, 0]] }, { embeddings: [[1], [2]] }])(
  'the answer %j is refused',
  async (body) => {
    await expect(create({ body }).provider.embed(['a'], options)).rejects.toMatchObject({ code: 'invalid_output' });
  },
);
