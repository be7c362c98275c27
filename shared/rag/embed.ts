import { AppError, toAppError } from '../contracts/app-error.ts';
import type { EmbeddingProvider, EmbeddingPurpose } from '../contracts/embedding-provider.ts';
import { createDeadline } from '../resilience/deadline.ts';
import type { Policy } from '../resilience/retry.ts';
import { estimateTokens } from '../usage/tokens.ts';
import { sha256 } from './document-key.ts';
import type { BatchItem, TextName } from './embed-batch.ts';
import { createEmbedQueue } from './embed-queue.ts';
import { isDoubtful, refuseTooLong } from './embed-refusal.ts';
import { createKeptVectors, createVectorCache, type VectorKeeping } from './vector-cache.ts';

export interface EmbedderOptions {
  readonly provider: EmbeddingProvider;
  /** Most requests in flight, over all callers of this embedder. Default 4. */
  readonly concurrency?: number;
  /** Default: one attempt. */
  readonly retry?: Policy;
  /** Longest time one attempt may take. Default: no limit. */
  readonly timeoutMs?: number;
  /** Vectors kept in memory, for documents and for queries each. 0 keeps none. Default 500. */
  readonly cacheEntries?: number;
  /** Where vectors are kept beyond this process. Default: nowhere. */
  readonly keep?: VectorKeeping;
  /** Put before each text, for models that were trained so. Default: nothing, for none can be guessed. */
  readonly prefixes?: { readonly [Purpose in EmbeddingPurpose]?: string };
}

export interface Embedded {
  /** In the order of the texts. Equal texts share one vector; treat it as read-only. */
  readonly vectors: Float32Array[];
  /** As the upstream counted them, estimated where it does not say; 0 for what came from memory. */
  readonly tokens: number;
  readonly requests: number;
}

export interface Embedder {
  /**
   * `provider/model@dimensions`, what stored vectors are marked with; a prefix of documents makes other vectors and is
   * part of the mark. Undefined until the dimension is known.
   */
  readonly fingerprint: string | undefined;
  /** The same with the dimension only if it was known from the start: equal before and after the first answer. */
  readonly space: string;
  readonly provider: EmbeddingProvider;
  /** Whether vectors marked so may be compared with this embedder's. */
  readonly matches: (embeddingModel: string) => boolean;
  /**
   * @throws AppError `invalid_request` (blank, or too long for the model, naming the index), `invalid_output`, and the
   * provider's own; its `usage` tells what was used for the texts that were embedded before it failed.
   */
  embedDocuments(texts: readonly string[], options: { readonly signal: AbortSignal }): Promise<Embedded>;
  embedQueries(texts: readonly string[], options: { readonly signal: AbortSignal }): Promise<Embedded>;
  /** @throws AppError as `embedQueries`, which names the `query`. */
  embedQuery(
    text: string,
    options: { readonly signal: AbortSignal },
  ): Promise<{ readonly vector: Float32Array; readonly tokens: number; readonly requests: number }>;
}

/**
 * Batching, bounded concurrency, retry and memory for an embedding provider, in one place. A batch is closed by count,
 * tokens or bytes, whichever comes first, and callers that come together share one. One that is refused for its size is
 * halved until it passes, and the size that passed is remembered.
 */
export function createEmbedder(options: EmbedderOptions): Embedder {
  const { provider, concurrency = 4, retry, timeoutMs, cacheEntries = 500, keep, prefixes = {} } = options;
  const caches = { document: createVectorCache(cacheEntries), query: createVectorCache(cacheEntries) };
  const kept = keep === undefined ? undefined : createKeptVectors(keep);
  const name = `${provider.id}/${provider.model}`;
  const mark = prefixes.document ? `+${sha256(prefixes.document).slice(0, 8)}` : '';
  const space = provider.dimensions === undefined ? `${name}${mark}` : `${name}@${provider.dimensions}${mark}`;

  const limited: Policy = async (operation, signal) => {
    const deadline = createDeadline(signal, timeoutMs, name);
    try {
      return await operation(deadline.signal);
    } catch (error) {
      throw toAppError(error, deadline.signal);
    } finally {
      deadline.end();
    }
  };
  const queue = createEmbedQueue({
    provider,
    concurrency,
    attempt: retry === undefined ? limited : (operation, signal) => retry((again) => limited(operation, again), signal),
    onVector: (text, vector, purpose) => caches[purpose].set(text, vector),
  });

  /** Undefined until the dimension is known: what is kept is looked for only when it can be told to be the same. */
  const keptSpace = (purpose: EmbeddingPurpose) => {
    const { dimensions } = queue;
    const marked = fingerprint();
    return dimensions === undefined || marked === undefined ? undefined : { fingerprint: marked, dimensions, purpose };
  };

  const embed = async (
    texts: readonly string[],
    purpose: EmbeddingPurpose,
    signal: AbortSignal,
    nameOf: (index: number) => TextName = nameByIndex,
  ): Promise<Embedded> => {
    if (signal.aborted) throw toAppError(signal.reason, signal);
    const prefix = prefixes[purpose] ?? '';
    const known = new Map<string, Float32Array>();
    let items = toItems(texts, { provider, prefix, nameOf }, (text) => {
      const vector = caches[purpose].get(text);
      if (vector !== undefined) known.set(text, vector);
      return vector !== undefined;
    });
    const before = kept && items.length > 0 ? keptSpace(purpose) : undefined;
    if (kept && before) {
      for (const [text, vector] of await kept.load(toTexts(items), before)) {
        known.set(text, vector);
        caches[purpose].set(text, vector);
      }
      items = items.filter(({ text }) => !known.has(text));
    }
    const { vectors, tokens, requests } = await queue.embed(items, purpose, signal);
    const after = kept && vectors.size > 0 ? keptSpace(purpose) : undefined;
    if (kept && after) await kept.save(vectors, after);
    return {
      vectors: texts.flatMap((text) => vectors.get(prefix + text) ?? known.get(prefix + text) ?? []),
      tokens,
      requests,
    };
  };

  const fingerprint = (): string | undefined => {
    const { dimensions } = queue;
    return dimensions === undefined ? undefined : `${name}@${dimensions}${mark}`;
  };

  return {
    provider,
    space,
    get fingerprint() {
      return fingerprint();
    },
    matches(embeddingModel) {
      const own = fingerprint();
      if (own !== undefined) return embeddingModel === own;
      const dimensions = embeddingModel.slice(name.length + 1, embeddingModel.length - mark.length);
      return embeddingModel === `${name}@${dimensions}${mark}` && /^\d+$/.test(dimensions);
    },
    embedDocuments: (texts, { signal }) => embed(texts, 'document', signal),
    embedQueries: (texts, { signal }) => embed(texts, 'query', signal),
    async embedQuery(text, { signal }) {
      const { vectors, tokens, requests } = await embed([text], 'query', signal, () => QUERY);
      const vector = vectors[0];
      if (vector === undefined) throw new AppError('invalid_output', `${name} gave no vector for the query.`);
      return { vector, tokens, requests };
    },
  };
}

const QUERY: TextName = { noun: 'query', param: 'query', cure: 'Shorten it.' };

function nameByIndex(index: number): TextName {
  return { noun: `text at index ${index}`, param: `input[${index}]`, cure: 'Split it.' };
}

function toTexts(items: readonly BatchItem[]): string[] {
  return items.map(({ text }) => text);
}

interface ItemOptions {
  readonly provider: EmbeddingProvider;
  readonly prefix: string;
  readonly nameOf: (index: number) => TextName;
}

/**
 * The distinct texts that still need a vector, as the provider is to see them.
 * @throws AppError `invalid_request` naming the first bad one.
 */
function toItems(
  texts: readonly string[],
  { provider, prefix, nameOf }: ItemOptions,
  isKnown: (text: string) => boolean,
): BatchItem[] {
  const items = new Map<string, BatchItem>();
  for (const [index, plain] of texts.entries()) {
    if (plain.trim() === '') {
      const { noun, param } = nameOf(index);
      throw new AppError('invalid_request', `The ${noun} is blank; there is nothing to embed.`, { param });
    }
    const text = prefix + plain;
    if (items.has(text) || isKnown(text)) continue;
    const tokens = estimateTokens(text);
    const name = nameOf(index);
    refuseTooLong({ name, tokens }, provider);
    items.set(text, {
      name,
      text,
      tokens,
      bytes: Buffer.byteLength(text),
      isDoubtful: isDoubtful(tokens, provider),
    });
  }
  return Array.from(items.values());
}
