import type { EmbeddingProvider } from '../contracts/embedding-provider.ts';

/** One distinct text on its way to the provider. */
export interface BatchItem {
  /** Where the text first stands in the caller's list. */
  readonly index: number;
  readonly text: string;
  /** Estimated. */
  readonly tokens: number;
  readonly bytes: number;
}

export interface BatchCaps {
  readonly items: number;
  readonly tokens: number;
  readonly bytes: number;
}

/** Token counts are estimates, so a fifth of the limit stays free. */
const TOKEN_MARGIN = 0.8;

/** Servers limit their request bodies, often to 2 MB; JSON escapes some of the text. */
const MAX_BYTES = 1_500_000;

export function toBatchCaps(provider: EmbeddingProvider): BatchCaps {
  return {
    items: Math.max(1, provider.maxBatchSize),
    tokens: Math.floor(provider.maxBatchTokens * TOKEN_MARGIN),
    bytes: MAX_BYTES,
  };
}

/** Removes the next batch from the front of the queue. A text above a cap on its own is a batch of one. */
export function takeBatch(queue: BatchItem[], caps: BatchCaps): BatchItem[] {
  let tokens = 0;
  let bytes = 0;
  let count = 0;
  for (const item of queue) {
    tokens += item.tokens;
    bytes += item.bytes;
    if (count > 0 && (count >= caps.items || tokens > caps.tokens || bytes > caps.bytes)) break;
    count += 1;
  }
  return queue.splice(0, count);
}

/**
 * The caps after a batch was refused whole and its first half was accepted. A batch that came near the token limit is
 * taken to have failed by it, any other by its count.
 */
export function learnCap(caps: BatchCaps, refused: readonly BatchItem[]): BatchCaps {
  const tokens = refused.reduce((total, item) => total + item.tokens, 0);
  return tokens > caps.tokens / 2
    ? { ...caps, tokens: Math.min(caps.tokens, Math.ceil(tokens / 2)) }
    : { ...caps, items: Math.min(caps.items, Math.ceil(refused.length / 2)) };
}
