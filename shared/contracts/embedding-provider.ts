/** Turns texts into vectors. Batching, bounded concurrency and retry are the caller's (`shared/rag/embed.ts`), once. */

/** Asymmetric models embed a query differently from the documents it is compared with. */
export type EmbeddingPurpose = 'document' | 'query';

export interface EmbedOptions {
  readonly purpose: EmbeddingPurpose;
  readonly signal: AbortSignal;
}

export interface EmbedResult {
  /** One per text, in the order of the texts, all of one length, finite. */
  readonly vectors: Float32Array[];
  /** Input tokens as the upstream counted them; absent when it does not say. */
  readonly usage?: { readonly tokens: number };
}

export interface EmbeddingProvider {
  /** Provider name as in the configuration, e.g. `openai`. */
  readonly id: string;
  readonly model: string;
  /** Length of the vectors; undefined until the first answer when neither configuration nor table knows it. */
  readonly dimensions: number | undefined;
  /** Most texts one request may hold. */
  readonly maxBatchSize: number;
  /** Most tokens one request may hold, over all texts. */
  readonly maxBatchTokens: number;
  /** Most tokens one text may hold. */
  readonly maxInputTokens: number;
  /** The vendor may cut a longer text without a word; only the tokens it counted can tell. Default: it refuses. */
  readonly mayCut?: boolean;
  /** Asks a server of one's own for its limits, once; until then they are its defaults. Never rejects. */
  learnLimits?(signal: AbortSignal): Promise<void>;

  /**
   * Embeds at most `maxBatchSize` texts in one request.
   * @throws AppError `too_large` or `invalid_request` (a text is too long), `rate_limit`, `server_error`, `network`,
   * `timeout`, `invalid_output` (wrong count, dimension, or a value that is not finite).
   */
  embed(texts: readonly string[], options: EmbedOptions): Promise<EmbedResult>;
}
