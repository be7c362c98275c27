import { AppError } from '../contracts/app-error.ts';
import type { EmbeddingProvider, EmbedResult } from '../contracts/embedding-provider.ts';
import type { HttpFetch } from '../contracts/http-fetch.ts';
import { toUpstreamError } from '../resilience/upstream-error.ts';

export interface OpenAIEmbeddingsOptions {
  /** Default `text-embedding-3-small`. */
  readonly model?: string;
  /** Shorter vectors than the model's own; the v3 models and compatible servers know it. */
  readonly dimensions?: number;
  /** Replaces https://api.openai.com/v1, for servers that speak the same API. */
  readonly endpoint?: string;
  readonly credential: () => Promise<string | undefined>;
  readonly fetch: HttpFetch;
}

interface ModelFacts {
  readonly dimensions: number;
  /** `dimensions` may be sent. */
  readonly shortens: boolean;
}

/** https://platform.openai.com/docs/guides/embeddings */
const MODELS: Readonly<Record<string, ModelFacts>> = {
  'text-embedding-3-small': { dimensions: 1536, shortens: true },
  'text-embedding-3-large': { dimensions: 3072, shortens: true },
  'text-embedding-ada-002': { dimensions: 1536, shortens: false },
};

const PROVIDER = 'openai';
const DEFAULT_ENDPOINT = 'https://api.openai.com/v1';
const DEFAULT_MODEL = 'text-embedding-3-small';

/** 2,048 vectors of 3,072 numbers in decimals are about 80 MB. */
const MAX_RESPONSE_BYTES = 128 * 1024 * 1024;

/**
 * OpenAI's embeddings (https://platform.openai.com/docs/api-reference/embeddings/create) and servers that speak the same.
 *
 * @throws AppError `configuration` when `dimensions` does not fit the model.
 */
export function createOpenAIEmbeddings(options: OpenAIEmbeddingsOptions): EmbeddingProvider {
  const { model = DEFAULT_MODEL, endpoint, credential, fetch } = options;
  checkDimensions(model, options.dimensions);
  let dimensions = options.dimensions ?? MODELS[model]?.dimensions;

  return {
    id: PROVIDER,
    model,
    get dimensions() {
      return dimensions;
    },
    maxBatchSize: 2048,
    maxBatchTokens: 300_000,
    maxInputTokens: 8192,

    async embed(texts, { signal }) {
      if (texts.length === 0) return { vectors: [] };
      const key = await credential();
      if (key === undefined && endpoint === undefined) {
        throw new AppError(
          'configuration',
          'OpenAI embeddings need a key: set OPENAI_API_KEY or embeddings.openai.api_key.',
        );
      }
      const response = await fetch(`${(endpoint ?? DEFAULT_ENDPOINT).replace(/\/+$/, '')}/embeddings`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        },
        // Floats are asked for in words: some servers ignore base64 and answer something a quarter as long.
        body: JSON.stringify({
          model,
          input: texts,
          encoding_format: 'float',
          ...(options.dimensions === undefined ? {} : { dimensions: options.dimensions }),
        }),
        signal,
        maxBytes: MAX_RESPONSE_BYTES,
      });
      const body = await response.text();
      if (!response.ok) {
        throw toUpstreamError({ provider: PROVIDER, status: response.status, body, headers: response.headers });
      }
      const result = toEmbedResult(body, texts.length, dimensions);
      dimensions ??= result.vectors[0]?.length;
      return result;
    },
  };
}

function checkDimensions(model: string, dimensions: number | undefined): void {
  if (dimensions === undefined) return;
  const facts = MODELS[model];
  const cure = 'Leave the dimensions out, or use text-embedding-3-small or text-embedding-3-large.';
  if (facts?.shortens === false) {
    throw new AppError('configuration', `${model} always has ${facts.dimensions} dimensions. ${cure}`, {
      param: 'dimensions',
    });
  }
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > (facts?.dimensions ?? Number.MAX_SAFE_INTEGER)) {
    const range = facts === undefined ? 'at least 1 dimension' : `1 to ${facts.dimensions} dimensions`;
    throw new AppError('configuration', `${model} has ${range}; ${dimensions} is not possible.`, {
      param: 'dimensions',
    });
  }
}

/** Minimal version of the answer: limits breakages when the API changes. */
interface EmbeddingItem {
  readonly index?: number;
  readonly embedding?: readonly number[] | string;
}

function toEmbedResult(body: string, count: number, dimensions: number | undefined): EmbedResult {
  const parsed = parse(body);
  const data = parsed?.data;
  if (!Array.isArray(data) || data.length !== count) {
    throw invalid(`${Array.isArray(data) ? data.length : 'no'} vectors for ${count} texts`);
  }
  const vectors: (Float32Array | undefined)[] = new Array(count).fill(undefined);
  for (const [position, item] of (data as readonly (EmbeddingItem | null)[]).entries()) {
    const index = item?.index ?? position;
    if (!Number.isInteger(index) || index < 0 || index >= count || vectors[index] !== undefined) {
      throw invalid('vectors that belong to no text or twice to the same one');
    }
    vectors[index] = toVector(item?.embedding, dimensions ?? vectors.find((vector) => vector !== undefined)?.length);
  }
  const tokens = parsed?.usage?.total_tokens ?? parsed?.usage?.prompt_tokens;
  return {
    vectors: vectors.filter((vector) => vector !== undefined),
    ...(typeof tokens === 'number' ? { usage: { tokens } } : {}),
  };
}

function parse(body: string): { data?: unknown; usage?: { total_tokens?: unknown; prompt_tokens?: unknown } } | null {
  try {
    return JSON.parse(body);
  } catch {
    throw invalid('something that is not JSON');
  }
}

function toVector(embedding: EmbeddingItem['embedding'], dimensions: number | undefined): Float32Array {
  if (typeof embedding !== 'string' && !isNumbers(embedding)) throw invalid('an item without a vector of numbers');
  const vector = typeof embedding === 'string' ? fromBase64(embedding) : Float32Array.from(embedding);
  if (vector.length === 0 || (dimensions !== undefined && vector.length !== dimensions)) {
    throw invalid(`vectors of ${vector.length} dimensions where ${dimensions ?? 'some'} were expected`);
  }
  if (!vector.every(Number.isFinite)) throw invalid('a vector with values that are not finite numbers');
  return vector;
}

/** Checked before the conversion, which would read null as 0. */
function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'number');
}

/** Little-endian 32-bit floats. Copied, because a buffer from the pool need not start at a multiple of four. */
function fromBase64(text: string): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
  if (bytes.length % 4 !== 0) throw invalid('a vector that is not a list of 32-bit floats');
  return new Float32Array(bytes.buffer);
}

function invalid(what: string): AppError {
  return new AppError('invalid_output', `${PROVIDER} answered the embedding request with ${what}.`);
}
