import { toVertexBase } from '../config/vertex-address.ts';
import { AppError } from '../contracts/app-error.ts';
import type { EmbeddingProvider } from '../contracts/embedding-provider.ts';
import { toGoogleDimensions, toGoogleModelName, toTaskType } from './google-models.ts';
import {
  createRemoteEmbeddings,
  type EmbeddingAccess,
  type EmbeddingLimits,
  toModelPath,
} from './remote-embeddings.ts';
import { invalidAnswer } from './vectors.ts';

export interface VertexEmbeddingsOptions extends EmbeddingAccess {
  /** Default `text-embedding-005`. */
  readonly model?: string;
  /** Shorter vectors than the model's own. */
  readonly dimensions?: number;
  /** Google Cloud project. */
  readonly project?: string;
  /** Default `us-central1`. */
  readonly location?: string;
  /** Replaces the location's own origin; the bare origin. */
  readonly endpoint?: string;
}

const PROVIDER = 'vertexai';
const DEFAULT_MODEL = 'text-embedding-005';

/** https://cloud.google.com/vertex-ai/generative-ai/docs/embeddings/get-text-embeddings */
const LIMITS: ReadonlyMap<string, EmbeddingLimits> = new Map([
  ['text-embedding-005', { maxBatchSize: 250, maxBatchTokens: 20_000, maxInputTokens: 2048 }],
  ['text-multilingual-embedding-002', { maxBatchSize: 250, maxBatchTokens: 20_000, maxInputTokens: 2048 }],
  ['gemini-embedding-001', { maxBatchSize: 1, maxBatchTokens: 20_000, maxInputTokens: 2048 }],
]);
/** What every model takes. */
const SMALLEST: EmbeddingLimits = { maxBatchSize: 1, maxBatchTokens: 20_000, maxInputTokens: 2048 };

/** Text embeddings on Vertex AI, with an OAuth access token of Google Cloud. */
export function createVertexEmbeddings(options: VertexEmbeddingsOptions): EmbeddingProvider {
  const { dimensions, project, location, endpoint } = options;
  const model = toGoogleModelName(options.model ?? DEFAULT_MODEL);
  const base = toVertexBase({ project, location, endpoint });
  const url = `${base}/publishers/google/models/${toModelPath(PROVIDER, model)}:predict`;
  const limits = LIMITS.get(model) ?? SMALLEST;
  const { sent, finish } = toGoogleDimensions(PROVIDER, model, dimensions);
  return createRemoteEmbeddings(
    {
      id: PROVIDER,
      model,
      dimensions,
      limits: () => limits,
      toPost: (texts, purpose) => ({
        url,
        body: {
          instances: texts.map((content) => ({ content, task_type: toTaskType(purpose) })),
          // By default what is too long is cut off without a word.
          parameters: { autoTruncate: false, ...(sent === undefined ? {} : { outputDimensionality: sent }) },
        },
      }),
      fromAnswer: (answer) => fromPredictions(answer),
      ...(finish === undefined ? {} : { finish }),
    },
    options,
  );
}

interface Prediction {
  readonly embeddings?: {
    readonly values?: unknown;
    readonly statistics?: { readonly token_count?: unknown; readonly truncated?: unknown } | null;
  } | null;
}

function fromPredictions(answer: unknown): { vectors: unknown; tokens?: unknown } {
  const predictions = (answer as { predictions?: unknown } | null)?.predictions;
  if (!Array.isArray(predictions)) throw invalidAnswer(PROVIDER, 'no predictions');
  const embeddings = predictions.map((prediction: Prediction | null) => prediction?.embeddings ?? {});
  if (embeddings.some(({ statistics }) => statistics?.truncated === true)) {
    throw new AppError('too_large', `A text is longer than the ${PROVIDER} model takes, and was cut. Split it.`);
  }
  const counts = embeddings.map(({ statistics }) => Number(statistics?.token_count));
  return {
    vectors: embeddings.map(({ values }) => values),
    // One text without a count makes the sum no number, and the tokens unknown.
    tokens: counts.reduce((sum, count) => sum + count, 0),
  };
}
