import type { EmbeddingProvider } from '../contracts/embedding-provider.ts';

/** One distinct text on its way to the provider. */
export interface BatchItem {
  readonly name: TextName;
  readonly text: string;
  /** Estimated. */
  readonly tokens: number;
  readonly bytes: number;
  /** It may be too long for the model. It is sent alone, so that what becomes of it is told from the others' fate. */
  readonly isDoubtful: boolean;
}

/** What a caller is told about a text, by its first place in their list. */
export interface TextName {
  /** After an article: `text at index 3`. */
  readonly noun: string;
  readonly param: string;
  /** A sentence. */
  readonly cure: string;
}

/** Whoever has texts to embed. */
export interface BatchSource {
  /** Not asked for yet, in order. */
  readonly items: BatchItem[];
}

/** A text in a batch, and whose it is. */
export interface BatchEntry<Source extends BatchSource> {
  readonly item: BatchItem;
  readonly source: Source;
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

/** Most texts in a request that several callers share: two requests side by side are faster than a larger one. */
const MAX_SHARED_ITEMS = 100;

export function toBatchCaps(provider: EmbeddingProvider): BatchCaps {
  return {
    items: Math.max(1, provider.maxBatchSize),
    tokens: Math.floor(provider.maxBatchTokens * TOKEN_MARGIN),
    bytes: MAX_BYTES,
  };
}

/** The stricter of two in each. */
export function narrowCaps(caps: BatchCaps, other: BatchCaps): BatchCaps {
  return {
    items: Math.min(caps.items, other.items),
    tokens: Math.min(caps.tokens, other.tokens),
    bytes: Math.min(caps.bytes, other.bytes),
  };
}

/** Whether enough texts wait to fill a request, so that waiting for more is of no use. */
export function isFull(sources: readonly BatchSource[], { items }: BatchCaps): boolean {
  let waiting = 0;
  for (const source of sources) waiting += source.items.length;
  return waiting >= Math.min(items, MAX_SHARED_ITEMS);
}

/**
 * Removes the next batch from the front of the line: as many texts of the first source as fit, then those of the next
 * ones while the batch is small. A text above a cap on its own, or perhaps too long, is a batch of one. A source with
 * more texts goes to the end of the line, so that nobody waits for the end of a long list.
 */
export function takeBatch<Source extends BatchSource>(line: Source[], caps: BatchCaps): BatchEntry<Source>[] {
  const batch: BatchEntry<Source>[] = [];
  let tokens = 0;
  let bytes = 0;
  for (let source = line[0]; source !== undefined; source = line[0]) {
    const most = batch.length === 0 ? caps.items : Math.min(caps.items, MAX_SHARED_ITEMS);
    let taken = 0;
    for (const item of source.items) {
      tokens += item.tokens;
      bytes += item.bytes;
      const isClosed = batch.length >= most || tokens > caps.tokens || bytes > caps.bytes;
      if (batch.length > 0 && (isClosed || item.isDoubtful || batch[0]?.item.isDoubtful)) break;
      batch.push({ item, source });
      taken += 1;
    }
    source.items.splice(0, taken);
    if (source.items.length > 0) {
      if (taken > 0) line.push(...line.splice(0, 1));
      return batch;
    }
    line.shift();
  }
  return batch;
}

export function fitsCaps(batch: readonly BatchEntry<BatchSource>[], caps: BatchCaps): boolean {
  return batch.length <= caps.items && sumOfTokens(batch) <= caps.tokens;
}

/**
 * The caps after a batch was refused whole and accepted in two halves. A batch that came near the token limit is taken
 * to have failed by it, any other by its count.
 */
export function learnCap(caps: BatchCaps, refused: readonly BatchEntry<BatchSource>[]): BatchCaps {
  const tokens = sumOfTokens(refused);
  return tokens > caps.tokens / 2
    ? { ...caps, tokens: Math.min(caps.tokens, Math.ceil(tokens / 2)) }
    : { ...caps, items: Math.min(caps.items, Math.ceil(refused.length / 2)) };
}

/**
 * Divides what a request used among its texts by their weight; the parts make up the whole. A text that is there twice
 * was sent once.
 * @param used as the upstream counted; undefined leaves it at the estimate.
 */
export function shareTokens(batch: readonly BatchEntry<BatchSource>[], used: number | undefined): number[] {
  const seen = new Set<string>();
  const weights = batch.map(({ item }) => {
    const weight = seen.has(item.text) ? 0 : item.tokens;
    seen.add(item.text);
    return weight;
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const tokens = used ?? total;
  let weighed = 0;
  let shared = 0;
  return weights.map((weight) => {
    weighed += weight;
    const until = total === 0 ? tokens : Math.round((weighed / total) * tokens);
    const share = until - shared;
    shared = until;
    return share;
  });
}

function sumOfTokens(batch: readonly BatchEntry<BatchSource>[]): number {
  return batch.reduce((total, { item }) => total + item.tokens, 0);
}
