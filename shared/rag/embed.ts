import { AppError, toAppError } from '../contracts/app-error.ts';
import type { EmbeddingProvider, EmbeddingPurpose } from '../contracts/embedding-provider.ts';
import { estimateTokens } from '../usage/tokens.ts';
import { createLimiter } from './concurrency.ts';
import { type BatchCaps, type BatchItem, learnCap, takeBatch, toBatchCaps } from './embed-batch.ts';
import { createVectorCache } from './vector-cache.ts';

/** The one policy shape: run it, perhaps again, under this signal. */
export type RetryPolicy = <T>(operation: (signal: AbortSignal) => Promise<T>, signal: AbortSignal) => Promise<T>;

export interface EmbedderOptions {
  readonly provider: EmbeddingProvider;
  /** Most requests in flight, over all callers of this embedder. Default 4. */
  readonly concurrency?: number;
  /** Default: one attempt. */
  readonly retry?: RetryPolicy;
  /** Vectors kept in memory, for documents and for queries each. 0 keeps none. Default 500. */
  readonly cacheEntries?: number;
}

export interface Embedded {
  /** In the order of the texts. Equal texts share one vector; treat it as read-only. */
  readonly vectors: Float32Array[];
  /** As the upstream counted them, estimated where it does not say; 0 for what came from memory. */
  readonly tokens: number;
  readonly requests: number;
}

export interface Embedder {
  /** `provider/model@dimensions`, what stored vectors are marked with. Undefined until the dimension is known. */
  readonly fingerprint: string | undefined;
  /** `provider/model` with the dimension if it was known from the start: the same before and after the first answer. */
  readonly space: string;
  readonly provider: EmbeddingProvider;
  /** Whether vectors marked so may be compared with this embedder's. */
  readonly matches: (embeddingModel: string) => boolean;
  /** @throws AppError `invalid_request` (blank or too long, naming the index), `invalid_output`, and the provider's own. */
  embedDocuments(texts: readonly string[], options: { readonly signal: AbortSignal }): Promise<Embedded>;
  embedQuery(
    text: string,
    options: { readonly signal: AbortSignal },
  ): Promise<{ readonly vector: Float32Array; readonly tokens: number; readonly requests: number }>;
}

/**
 * Batching, bounded concurrency, retry and memory for an embedding provider, in one place. A batch is closed by count,
 * tokens or bytes, whichever comes first. One that is refused for its size is halved until it passes, and the size that
 * passed is remembered.
 */
export function createEmbedder({ provider, concurrency = 4, retry, cacheEntries = 500 }: EmbedderOptions): Embedder {
  const once: RetryPolicy = (operation, signal) => operation(signal);
  const attempt = retry ?? once;
  const limit = createLimiter(concurrency);
  const caches = { document: createVectorCache(cacheEntries), query: createVectorCache(cacheEntries) };
  const name = `${provider.id}/${provider.model}`;
  const space = provider.dimensions === undefined ? name : `${name}@${provider.dimensions}`;
  let caps: BatchCaps = toBatchCaps(provider);
  let dimensions = provider.dimensions;

  const request = async (batch: readonly BatchItem[], purpose: EmbeddingPurpose, run: Run): Promise<void> => {
    const texts = batch.map((item) => item.text);
    const operation = (signal: AbortSignal) => {
      run.requests += 1;
      return provider.embed(texts, { purpose, signal });
    };
    const result = await limit(() => attempt(operation, run.signal), run.signal);
    dimensions = checkVectors(result.vectors, batch.length, dimensions ?? provider.dimensions, name);
    for (const [index, vector] of result.vectors.entries()) {
      const text = texts[index];
      if (text === undefined) continue;
      run.vectors.set(text, vector);
      caches[purpose].set(text, vector);
    }
    run.tokens += result.usage?.tokens ?? batch.reduce((total, item) => total + item.tokens, 0);
  };

  const requestOrHalve = async (batch: readonly BatchItem[], purpose: EmbeddingPurpose, run: Run): Promise<void> => {
    try {
      await request(batch, purpose, run);
    } catch (error) {
      const first = batch[0];
      if (first === undefined || !isAboutSize(error)) throw error;
      if (batch.length === 1) throw atIndex(error, first.index);
      const middle = Math.ceil(batch.length / 2);
      await requestOrHalve(batch.slice(0, middle), purpose, run);
      caps = learnCap(caps, batch);
      await requestOrHalve(batch.slice(middle), purpose, run);
    }
  };

  const embed = async (texts: readonly string[], purpose: EmbeddingPurpose, signal: AbortSignal): Promise<Embedded> => {
    if (signal.aborted) throw toAppError(signal.reason, signal);
    const failure = new AbortController();
    const run: Run = { signal: AbortSignal.any([signal, failure.signal]), vectors: new Map(), tokens: 0, requests: 0 };
    const queue = toQueue(texts, provider, (text) => {
      const known = caches[purpose].get(text);
      if (known !== undefined) run.vectors.set(text, known);
      return known !== undefined;
    });

    const work = async (): Promise<void> => {
      for (let batch = takeBatch(queue, caps); batch.length > 0; batch = takeBatch(queue, caps)) {
        await requestOrHalve(batch, purpose, run);
      }
    };
    try {
      await Promise.all(Array.from({ length: concurrency }, work));
    } catch (error) {
      // Nobody waits for the other batches any more.
      failure.abort();
      throw toAppError(error, signal);
    }
    return {
      vectors: texts.flatMap((text) => run.vectors.get(text) ?? []),
      tokens: run.tokens,
      requests: run.requests,
    };
  };

  const fingerprint = (): string | undefined => {
    const known = dimensions ?? provider.dimensions;
    return known === undefined ? undefined : `${name}@${known}`;
  };

  return {
    provider,
    space,
    get fingerprint() {
      return fingerprint();
    },
    matches: (embeddingModel) =>
      fingerprint() === undefined ? embeddingModel.startsWith(`${name}@`) : embeddingModel === fingerprint(),
    embedDocuments: (texts, { signal }) => embed(texts, 'document', signal),
    async embedQuery(text, { signal }) {
      const { vectors, tokens, requests } = await embed([text], 'query', signal);
      const vector = vectors[0];
      if (vector === undefined) throw new AppError('invalid_output', `${name} gave no vector for the query.`);
      return { vector, tokens, requests };
    },
  };
}

/** What one call gathers. */
interface Run {
  readonly signal: AbortSignal;
  readonly vectors: Map<string, Float32Array>;
  tokens: number;
  requests: number;
}

/** The distinct texts that still need a vector. @throws AppError `invalid_request` naming the first bad index. */
function toQueue(
  texts: readonly string[],
  provider: EmbeddingProvider,
  isKnown: (text: string) => boolean,
): BatchItem[] {
  const queue = new Map<string, BatchItem>();
  for (const [index, text] of texts.entries()) {
    if (text.trim() === '') {
      throw new AppError('invalid_request', `The text at index ${index} is blank; there is nothing to embed.`, {
        param: `input[${index}]`,
      });
    }
    if (queue.has(text) || isKnown(text)) continue;
    const tokens = estimateTokens(text);
    if (tokens > provider.maxInputTokens) {
      throw new AppError(
        'invalid_request',
        `The text at index ${index} has about ${tokens} tokens; ${provider.id}/${provider.model} takes ${provider.maxInputTokens}. Split it.`,
        { param: `input[${index}]` },
      );
    }
    queue.set(text, { index, text, tokens, bytes: Buffer.byteLength(text) });
  }
  return Array.from(queue.values());
}

function checkVectors(
  vectors: readonly Float32Array[],
  count: number,
  dimensions: number | undefined,
  name: string,
): number | undefined {
  if (vectors.length !== count) {
    throw new AppError('invalid_output', `${name} gave ${vectors.length} vectors for ${count} texts.`);
  }
  const expected = dimensions ?? vectors[0]?.length;
  for (const vector of vectors) {
    if (vector.length !== expected || vector.length === 0) {
      throw new AppError(
        'invalid_output',
        `${name} gave a vector of ${vector.length} dimensions instead of ${expected}.`,
      );
    }
    let squares = 0;
    for (const value of vector) squares += value * value;
    if (!Number.isFinite(squares) || squares === 0) {
      throw new AppError('invalid_output', `${name} gave a vector without a direction (zero, or not finite).`);
    }
  }
  return expected;
}

/**
 * Some servers answer 413 to a batch that is too large, OpenAI 400, others 422: only a smaller one tells whether the
 * size was the fault, and if it was not, which text is.
 */
function isAboutSize(error: unknown): error is AppError {
  if (!(error instanceof AppError)) return false;
  if (error.code === 'too_large' || error.code === 'context_length_exceeded') return true;
  return error.code === 'invalid_request' && (error.upstreamStatus === 400 || error.upstreamStatus === 422);
}

function atIndex(error: AppError, index: number): AppError {
  return new AppError('invalid_request', `${error.message} It was the text at index ${index}.`, {
    param: `input[${index}]`,
    cause: error,
    ...(error.upstreamStatus === undefined ? {} : { upstreamStatus: error.upstreamStatus }),
  });
}
