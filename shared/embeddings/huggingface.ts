import { AppError } from '../contracts/app-error.ts';
import type { EmbeddingProvider } from '../contracts/embedding-provider.ts';
import {
  createRemoteEmbeddings,
  type EmbeddingAccess,
  type Refusal,
  toModelPath,
  withoutSlash,
} from './remote-embeddings.ts';
import { invalidAnswer, isNumbers, toUnitLength } from './vectors.ts';

export interface HuggingFaceEmbeddingsOptions extends EmbeddingAccess {
  /** `owner/name`. */
  readonly model?: string;
  /** What the vectors must have; this API does not shorten them. */
  readonly dimensions?: number;
  /** Replaces https://router.huggingface.co/hf-inference. A dedicated Inference Endpoint serves its model at its root. */
  readonly endpoint?: string;
  /** Wait for a model that is being loaded instead of being refused. Default true. */
  readonly waitForModel?: boolean;
  /** Accept answers from the vendor's cache. Default true. */
  readonly useCache?: boolean;
}

const PROVIDER = 'huggingface';
const ROUTER = 'https://router.huggingface.co/hf-inference';
const DEDICATED = /\.endpoints\.huggingface\.cloud$/;

/** It is served by TEI, whose defaults hold. How long a text may be is the model's affair, and the server's to say. */
const LIMITS = { maxBatchSize: 32, maxBatchTokens: 262_144, maxInputTokens: 8192 };

/** A model that takes longer to load than that is asked again by whoever retries. */
const MAX_LOADING_MS = 60_000;

/**
 * Feature extraction on Hugging Face (https://huggingface.co/docs/inference-providers/tasks/feature-extraction). Plain
 * HTTP: the vendor's package repeats a 503 without a pause or an end, keeps the prompts in its errors, and cannot say
 * `wait_for_model` or `use_cache`.
 */
export function createHuggingFaceEmbeddings(options: HuggingFaceEmbeddingsOptions): EmbeddingProvider {
  const { model, dimensions, endpoint = ROUTER, waitForModel = true, useCache = true } = options;
  if (model === undefined) {
    throw new AppError('configuration', 'Hugging Face embeddings need a model: set embeddings.huggingface.model.');
  }
  const url = toUrl(endpoint, model);
  return createRemoteEmbeddings(
    {
      id: PROVIDER,
      model,
      dimensions,
      limits: () => LIMITS,
      toPost: (inputs) => ({
        url,
        headers: { 'x-wait-for-model': String(waitForModel), 'x-use-cache': String(useCache) },
        body: { inputs, truncate: false },
      }),
      fromAnswer: (answer, count, headers) => ({
        vectors: toPooled(answer, count),
        tokens: Number(headers.get('x-compute-tokens') ?? Number.NaN),
      }),
      toError: toLoadingError,
    },
    options,
  );
}

function toUrl(endpoint: string, model: string): string {
  const path = toModelPath(PROVIDER, model);
  const base = withoutSlash(endpoint);
  return DEDICATED.test(new URL(base).hostname) ? base : `${base}/models/${path}/pipeline/feature-extraction`;
}

/**
 * One vector per text, whatever the model's pipeline gave: the vectors, one vector for the only text, or a vector per
 * token of each text, of which the mean is taken.
 */
function toPooled(answer: unknown, count: number): unknown {
  if (!Array.isArray(answer)) return answer;
  if (count === 1) return [toMean(answer.length === 1 && Array.isArray(answer[0]) ? answer[0] : answer)];
  return answer.map((item) => toMean(item));
}

/** @param levels lists of vectors that may lie within one another; some pipelines wrap the tokens of each text once more. */
function toMean(value: unknown, levels = 2): unknown {
  if (levels === 0 || !Array.isArray(value) || value.length === 0 || !value.every(Array.isArray)) return value;
  const rows: unknown[] = value.map((row) => toMean(row, levels - 1));
  const sums: number[] = [];
  for (const row of rows) {
    if (!(row instanceof Float32Array || isNumbers(row)) || (sums.length > 0 && sums.length !== row.length)) {
      throw invalidAnswer(PROVIDER, 'token vectors that do not belong together');
    }
    for (let position = 0; position < row.length; position += 1) {
      sums[position] = (sums[position] ?? 0) + (row[position] ?? 0);
    }
  }
  return toUnitLength(Float32Array.from(sums));
}

/** `{"error": "…", "estimated_time": 20}`: how long the model takes to load, in seconds. */
function toLoadingError({ status, body }: Refusal): AppError | undefined {
  const seconds = status === 503 ? readEstimate(body) : undefined;
  if (seconds === undefined) return undefined;
  return new AppError('server_error', `${PROVIDER} is loading the model (503). Try again in a while.`, {
    upstreamStatus: status,
    retryAfterMs: Math.min(MAX_LOADING_MS, Math.ceil(seconds * 1000)),
  });
}

function readEstimate(body: string): number | undefined {
  try {
    const estimate = (JSON.parse(body) as { estimated_time?: unknown } | null)?.estimated_time;
    return typeof estimate === 'number' && estimate >= 0 ? estimate : undefined;
  } catch {
    return undefined;
  }
}
