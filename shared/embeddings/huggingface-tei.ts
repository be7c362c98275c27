import { AppError } from '../contracts/app-error.ts';
import type { EmbeddingProvider } from '../contracts/embedding-provider.ts';
import { readErrorText } from '../resilience/upstream-error-text.ts';
import {
  createRemoteEmbeddings,
  type EmbeddingAccess,
  type EmbeddingLimits,
  toSentDimensions,
  withoutSlash,
} from './remote-embeddings.ts';

export interface TeiEmbeddingsOptions extends EmbeddingAccess {
  /** What the server serves; it has one model and is not asked for another. */
  readonly model?: string;
  /** Shorter vectors than the model's own, for models trained that way. */
  readonly dimensions?: number;
  /** Base URL of the server, without a path of TEI's. */
  readonly endpoint?: string;
  /** Scale vectors to length 1. Default true. */
  readonly normalize?: boolean;
}

const PROVIDER = 'huggingface_tei';

/** TEI's defaults, until the server tells its own. It takes bodies of 2 MB and counts no tokens per request. */
const DEFAULT_LIMITS: EmbeddingLimits = { maxBatchSize: 32, maxBatchTokens: 1_000_000, maxInputTokens: 8192 };

const INFO_TIMEOUT_MS = 5_000;
const MAX_INFO_BYTES = 256 * 1024;

/**
 * HuggingFace's Text Embeddings Inference (https://huggingface.github.io/text-embeddings-inference). Its limits are
 * read from the server before the first request.
 */
export function createTeiEmbeddings(options: TeiEmbeddingsOptions): EmbeddingProvider {
  const { model, dimensions, endpoint, normalize = true } = options;
  if (endpoint === undefined || model === undefined) {
    throw new AppError(
      'configuration',
      'TEI embeddings need a server and the name of its model: set endpoint and model under embeddings.huggingface_tei.',
    );
  }
  const base = withoutSlash(endpoint);
  const sent = toSentDimensions({ id: PROVIDER, model, dimensions });
  const info = createServerLimits(`${base}/info`, options);
  return createRemoteEmbeddings(
    {
      id: PROVIDER,
      model,
      dimensions,
      limits: info.current,
      learnLimits: async (signal) => void (await info.ask(signal)),
      async before(texts, signal) {
        const { maxBatchSize } = await info.ask(signal);
        if (texts.length > maxBatchSize) {
          // Whoever made the batch did not know yet, and makes smaller ones now.
          throw new AppError('too_large', `${PROVIDER} takes ${maxBatchSize} texts per request.`);
        }
      },
      toPost: (inputs) => ({
        url: `${base}/embed`,
        body: { inputs, normalize, truncate: false, ...(sent === undefined ? {} : { dimensions: sent }) },
      }),
      fromAnswer: (vectors, _count, headers) => ({
        vectors,
        tokens: Number(headers.get('x-compute-tokens') ?? Number.NaN),
      }),
    },
    options,
  );
}

/** The server's own limits, asked for once. A server without `/info` is one with the default limits. */
function createServerLimits(url: string, { credential, fetch }: EmbeddingAccess) {
  let limits = DEFAULT_LIMITS;
  let asking: Promise<void> | undefined;

  const request = async (signal: AbortSignal): Promise<void> => {
    const key = await credential(signal);
    const response = await fetch(url, {
      headers: { accept: 'application/json', ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
      signal,
      headersTimeoutMs: INFO_TIMEOUT_MS,
      idleTimeoutMs: INFO_TIMEOUT_MS,
      maxBytes: MAX_INFO_BYTES,
    });
    if (response.ok) limits = toLimits(await response.text());
    else await readErrorText(response, signal);
  };

  return {
    current: () => limits,
    async ask(signal: AbortSignal): Promise<EmbeddingLimits> {
      asking ??= request(signal).catch((error: unknown) => {
        // A server that could not be reached, or a caller that left, says nothing about the limits.
        if (error instanceof AppError && (error.code === 'network' || error.code === 'cancelled')) asking = undefined;
      });
      await asking;
      return limits;
    },
  };
}

function toLimits(body: string): EmbeddingLimits {
  const { max_client_batch_size, max_input_length } = parse(body);
  return {
    ...DEFAULT_LIMITS,
    ...(isCount(max_client_batch_size) ? { maxBatchSize: max_client_batch_size } : {}),
    ...(isCount(max_input_length) ? { maxInputTokens: max_input_length } : {}),
  };
}

function parse(body: string): { readonly max_client_batch_size?: unknown; readonly max_input_length?: unknown } {
  try {
    return JSON.parse(body) ?? {};
  } catch {
    return {};
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0;
}
