import type { EmbeddingProvider } from '../contracts/embedding-provider.ts';
import { toGoogleDimensions, toGoogleModelName, toTaskType } from './google-models.ts';
import { createRemoteEmbeddings, type EmbeddingAccess, toModelPath, withoutSlash } from './remote-embeddings.ts';

export interface GeminiEmbeddingsOptions extends EmbeddingAccess {
  /** Default `gemini-embedding-001`. */
  readonly model?: string;
  /** Shorter vectors than the model's own. */
  readonly dimensions?: number;
  /** Replaces https://generativelanguage.googleapis.com; the bare origin. */
  readonly endpoint?: string;
}

const PROVIDER = 'gemini';
const ORIGIN = 'https://generativelanguage.googleapis.com';
const DEFAULT_MODEL = 'gemini-embedding-001';

/** https://ai.google.dev/gemini-api/docs/embeddings; how many tokens a request may hold is not documented. */
const LIMITS = { maxBatchSize: 100, maxBatchTokens: 204_800, maxInputTokens: 2048 };

/** Embeddings of the Gemini API (https://ai.google.dev/api/embeddings). The key goes in a header, never in the URL. */
export function createGeminiEmbeddings(options: GeminiEmbeddingsOptions): EmbeddingProvider {
  const { dimensions, endpoint } = options;
  const model = toGoogleModelName(options.model ?? DEFAULT_MODEL);
  const resource = `models/${toModelPath(PROVIDER, model)}`;
  const { sent, finish } = toGoogleDimensions(PROVIDER, model, dimensions);
  return createRemoteEmbeddings(
    {
      id: PROVIDER,
      model,
      dimensions,
      limits: () => LIMITS,
      // Unlike Vertex AI it has no parameter for it, and does not say what it does.
      mayCut: true,
      toCredential: (key) => ({ 'x-goog-api-key': key }),
      ...(endpoint === undefined
        ? { withoutCredential: 'Gemini embeddings need a key: set GEMINI_API_KEY or embeddings.gemini.api_key.' }
        : {}),
      toPost: (texts, purpose) => ({
        url: `${withoutSlash(endpoint ?? ORIGIN)}/v1beta/${resource}:batchEmbedContents`,
        body: {
          requests: texts.map((text) => ({
            model: resource,
            content: { parts: [{ text }] },
            taskType: toTaskType(purpose),
            ...(sent === undefined ? {} : { outputDimensionality: sent }),
          })),
        },
      }),
      fromAnswer(answer) {
        const { embeddings, usageMetadata } = (answer ?? {}) as Answer;
        return {
          vectors: Array.isArray(embeddings) ? embeddings.map((item: Item) => item?.values) : embeddings,
          tokens: usageMetadata?.promptTokenCount,
        };
      },
      ...(finish === undefined ? {} : { finish }),
    },
    options,
  );
}

type Item = { readonly values?: unknown } | null;

interface Answer {
  readonly embeddings?: unknown;
  readonly usageMetadata?: { readonly promptTokenCount?: unknown } | null;
}
