import { describe, expect, test } from 'vitest';
import type { EmbeddingProviderName } from '../../../shared/config/names.ts';
import { embeddingProviders } from '../../../shared/embeddings/registry.ts';
import { checkChunkOptions } from '../../../shared/rag/chunk.ts';
import { createEmbedder } from '../../../shared/rag/embed.ts';
import { SURELY_WITHIN } from '../../../shared/usage/tokens.ts';
import { createJsonUpstream, type JsonAnswer } from '../../support/json-upstream.ts';

const { signal } = new AbortController();

/** A vendor as far as it matters here: how it reads texts, and what it does with one that is too long. */
interface Vendor {
  readonly model?: string;
  readonly endpoint?: string;
  readonly project?: string;
  readonly textsOf: (body: never) => readonly string[];
  readonly answer: (vectors: readonly (readonly number[])[]) => unknown;
  /** Undefined where it was not told to refuse, and cuts the text. */
  readonly refusal: (body: never) => JsonAnswer | undefined;
  /** What it answers with a text that it has cut. Default: as ever. */
  readonly cut?: (vectors: readonly (readonly number[])[]) => unknown;
}

const prediction = (values: readonly number[], truncated = false) => ({
  embeddings: { values, statistics: { token_count: truncated ? 2048 : 3, truncated } },
});
const contents = (vectors: readonly (readonly number[])[], promptTokenCount: number) => ({
  embeddings: vectors.map((values) => ({ values })),
  usageMetadata: { promptTokenCount },
});
const tooLongForTei: JsonAnswer = {
  status: 413,
  body: { error: 'Input validation error: `inputs` must have less than 8192 tokens', error_type: 'Validation' },
};

const VENDORS: Readonly<Record<Exclude<EmbeddingProviderName, 'local'>, Vendor>> = {
  openai: {
    model: 'own',
    textsOf: ({ input }: { input: string[] }) => input,
    answer: (vectors) => ({ data: vectors.map((embedding, index) => ({ index, embedding })) }),
    refusal: () => ({ status: 400, body: { error: { type: 'invalid_request_error', param: null, code: null } } }),
  },
  vertexai: {
    model: 'own',
    project: 'p',
    textsOf: ({ instances }: { instances: { content: string }[] }) => instances.map(({ content }) => content),
    answer: (vectors) => ({ predictions: vectors.map((vector) => prediction(vector)) }),
    refusal: ({ parameters }: { parameters?: { autoTruncate?: boolean } }) =>
      parameters?.autoTruncate === false
        ? { status: 400, body: { error: { code: 400, status: 'INVALID_ARGUMENT' } } }
        : undefined,
    cut: (vectors) => ({ predictions: vectors.map((vector) => prediction(vector, true)) }),
  },
  gemini: {
    model: 'own',
    textsOf: ({ requests }: { requests: { content: { parts: { text: string }[] } }[] }) =>
      requests.map(({ content }) => content.parts[0]?.text ?? ''),
    answer: (vectors) => contents(vectors, 3),
    refusal: () => undefined,
    cut: (vectors) => contents(vectors, 2048),
  },
  huggingface: {
    model: 'owner/own',
    textsOf: ({ inputs }: { inputs: string[] }) => inputs,
    answer: (vectors) => vectors,
    refusal: ({ truncate }: { truncate?: boolean }) => (truncate === false ? tooLongForTei : undefined),
  },
  huggingface_tei: {
    model: 'own',
    endpoint: 'http://tei:8080',
    textsOf: ({ inputs }: { inputs: string[] }) => inputs,
    answer: (vectors) => vectors,
    refusal: ({ truncate }: { truncate?: boolean }) =>
      truncate === false ? { ...tooLongForTei, status: 422 } : undefined,
  },
  ollama: {
    model: 'own',
    endpoint: 'http://ollama:11434',
    textsOf: ({ input }: { input: string[] }) => input,
    answer: (vectors) => ({ embeddings: vectors }),
    refusal: ({ truncate }: { truncate?: boolean }) =>
      truncate === false ? { status: 400, body: { error: 'the input length exceeds the context length' } } : undefined,
  },
};

describe.each(Object.entries(VENDORS))('%s', (name, { textsOf, answer, refusal, cut = answer, ...options }) => {
  const create = async (isTooLong: (text: string) => boolean) => {
    const { fetch, requests } = createJsonUpstream(({ body }) => {
      if (body === undefined) return { status: 404 };
      const texts = textsOf(body as never);
      const vectors = texts.map((text) => [text.length, 1]);
      if (!texts.some(isTooLong)) return { body: answer(vectors) };
      return refusal(body as never) ?? { body: cut(vectors) };
    });
    const make = embeddingProviders[name as EmbeddingProviderName];
    const provider = await make({ ...options, fetch, credential: async () => 'key' });
    return { provider, embedder: createEmbedder({ provider }), requests };
  };

  test('embeds a text that is estimated as a little too long, and is not', async () => {
    const { provider, embedder } = await create(() => false);
    const long = 'word '.repeat(provider.maxInputTokens * 1.1);
    const { vectors } = await embedder.embedDocuments(['a', long], { signal });
    expect(vectors).toHaveLength(2);
  });

  test.each([1.1, 0.8])(
    'embeds nothing of one that is, at %f of the limit by estimate, and names it',
    async (share) => {
      const isLong = (text: string) => text.startsWith('long');
      const { provider, embedder } = await create(isLong);
      const long = `long ${'word '.repeat(provider.maxInputTokens * share)}`;
      const [failed, passed] = await Promise.allSettled([
        embedder.embedDocuments(['a', long, 'b'], { signal }),
        embedder.embedDocuments(['c'], { signal }),
      ]);
      expect(failed).toMatchObject({
        reason: {
          code: 'invalid_request',
          param: 'input[1]',
          message: expect.stringContaining(
            `; ${provider.id}/${provider.model} takes ${provider.maxInputTokens}. Split it.`,
          ),
        },
      });
      expect(passed).toMatchObject({ status: 'fulfilled' });
    },
  );

  test('surely takes chunks of the default size, whose characters are more than their tokens', async () => {
    const { provider } = await create(() => false);
    expect(checkChunkOptions({}).size).toBeLessThanOrEqual(provider.maxInputTokens * SURELY_WITHIN);
  });

  test('refuses one that surely is without asking', async () => {
    const { provider, embedder, requests } = await create(() => true);
    const long = 'word '.repeat(provider.maxInputTokens * 2.1);
    await expect(embedder.embedDocuments([long], { signal })).rejects.toMatchObject({ param: 'input[0]' });
    expect(requests).toEqual([]);
  });
});
