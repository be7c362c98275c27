import { AppError } from '../contracts/app-error.ts';
import type { EmbeddingProvider } from '../contracts/embedding-provider.ts';
import {
  createRemoteEmbeddings,
  type EmbeddingAccess,
  type Refusal,
  toSentDimensions,
  withoutSlash,
} from './remote-embeddings.ts';

export interface OllamaEmbeddingsOptions extends EmbeddingAccess {
  readonly model?: string;
  /** Shorter vectors than the model's own, for models trained that way. */
  readonly dimensions?: number;
  /** The bare origin, e.g. `http://localhost:11434`. */
  readonly endpoint?: string;
}

const PROVIDER = 'ollama';

/** Nothing is documented. A server embeds the texts of a request one by one, so a long list only keeps others waiting. */
const LIMITS = { maxBatchSize: 16, maxBatchTokens: 131_072, maxInputTokens: 8192 };

/** What it says of a text above the context of the model: with status 400, in older versions 500. */
const TOO_LONG = /input length exceeds/i;

/** Embeddings of an Ollama server (https://docs.ollama.com/api/embed). */
export function createOllamaEmbeddings(options: OllamaEmbeddingsOptions): EmbeddingProvider {
  const { model, dimensions, endpoint } = options;
  if (model === undefined) {
    throw new AppError('configuration', 'Ollama embeddings need a model: set embeddings.ollama.model.');
  }
  if (endpoint === undefined || !/^https?:\/\/[^/?#@\\\s]+\/?$/i.test(endpoint)) {
    throw new AppError(
      'configuration',
      'Ollama embeddings need the bare origin of a server, such as http://localhost:11434: set embeddings.ollama.endpoint.',
    );
  }
  const sent = toSentDimensions({ id: PROVIDER, model, dimensions });
  return createRemoteEmbeddings(
    {
      id: PROVIDER,
      model,
      dimensions,
      limits: () => LIMITS,
      toPost: (input) => ({
        url: `${withoutSlash(endpoint)}/api/embed`,
        body: { model, input, truncate: false, ...(sent === undefined ? {} : { dimensions: sent }) },
      }),
      fromAnswer(answer) {
        const { embeddings, prompt_eval_count: tokens } = (answer ?? {}) as Answer;
        return { vectors: embeddings, tokens };
      },
      toError,
    },
    options,
  );
}

interface Answer {
  readonly embeddings?: unknown;
  readonly prompt_eval_count?: unknown;
}

function toError({ status, body }: Refusal): AppError | undefined {
  if ((status !== 400 && status !== 500) || !TOO_LONG.test(body)) return undefined;
  return new AppError(
    'too_large',
    `A text is longer than the context of the ${PROVIDER} model (${status}). Split it.`,
    {
      upstreamStatus: status,
    },
  );
}
