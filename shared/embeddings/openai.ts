import type { EmbeddingProvider } from '../contracts/embedding-provider.ts';
import { fromBase64Floats } from '../text/base64-floats.ts';
import { createRemoteEmbeddings, type EmbeddingAccess, withoutSlash } from './remote-embeddings.ts';
import { invalidAnswer } from './vectors.ts';

export interface OpenAIEmbeddingsOptions extends EmbeddingAccess {
  /** Default `text-embedding-3-small`. */
  readonly model?: string;
  /** Shorter vectors than the model's own; the v3 models and compatible servers know it. */
  readonly dimensions?: number;
  /** Replaces https://api.openai.com/v1, for servers that speak the same API. */
  readonly endpoint?: string;
}

const PROVIDER = 'openai';
const HOST = 'https://api.openai.com/';
const DEFAULT_ENDPOINT = `${HOST}v1`;
const DEFAULT_MODEL = 'text-embedding-3-small';

/** https://platform.openai.com/docs/api-reference/embeddings/create; the same for all its models. */
const LIMITS = { maxBatchSize: 2048, maxBatchTokens: 300_000, maxInputTokens: 8192 };

/**
 * OpenAI's embeddings (https://platform.openai.com/docs/api-reference/embeddings/create) and servers that speak the same.
 *
 * @throws AppError `configuration` when `dimensions` does not fit the model.
 */
export function createOpenAIEmbeddings(options: OpenAIEmbeddingsOptions): EmbeddingProvider {
  const { model = DEFAULT_MODEL, dimensions, endpoint = DEFAULT_ENDPOINT } = options;
  // Base64 is less than half as long and read ten times as fast. Some compatible servers ignore it and answer something
  // a quarter as long, so it is asked of OpenAI alone; what comes back is read by what it is.
  const encoding = endpoint.startsWith(HOST) ? 'base64' : 'float';
  return createRemoteEmbeddings(
    {
      id: PROVIDER,
      model,
      dimensions,
      limits: () => LIMITS,
      ...(options.endpoint === undefined
        ? { withoutCredential: 'OpenAI embeddings need a key: set OPENAI_API_KEY or embeddings.openai.api_key.' }
        : {}),
      toPost: (input) => ({
        url: `${withoutSlash(endpoint)}/embeddings`,
        body: { model, input, encoding_format: encoding, ...(dimensions === undefined ? {} : { dimensions }) },
      }),
      fromAnswer(answer, count) {
        const { data, usage } = (answer ?? {}) as Answer;
        return { vectors: inOrder(data, count), tokens: usage?.total_tokens ?? usage?.prompt_tokens };
      },
    },
    options,
  );
}

/** Minimal version of the answer: limits breakages when the API changes. */
interface Answer {
  readonly data?: unknown;
  readonly usage?: { readonly total_tokens?: unknown; readonly prompt_tokens?: unknown } | null;
}

interface EmbeddingItem {
  readonly index?: number;
  readonly embedding?: unknown;
}

/** The items say which text they are for, and need not come in that order. */
function inOrder(data: unknown, count: number): unknown {
  if (!Array.isArray(data) || data.length !== count) return data;
  const vectors: unknown[] = new Array(count).fill(undefined);
  for (const [position, item] of (data as readonly (EmbeddingItem | null)[]).entries()) {
    const index = item?.index ?? position;
    if (!Number.isInteger(index) || index < 0 || index >= count || vectors[index] !== undefined) {
      throw invalidAnswer(PROVIDER, 'vectors that belong to no text or twice to the same one');
    }
    vectors[index] = toList(item?.embedding);
  }
  return vectors;
}

/** Never undefined, so that the place in the list counts as taken. */
function toList(embedding: unknown): unknown {
  return (typeof embedding === 'string' ? fromBase64Floats(embedding) : embedding) ?? null;
}
