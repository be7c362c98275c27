import type { BatchItem, ChatBatch, ChatResult } from '../../contracts/chat-provider.ts';
import type { Citation } from '../../contracts/context-format.ts';
import type { Attempt } from '../../resilience/cascade.ts';

/** What Sluice adds to an answer, under `sluice`. */
export interface AnswerFacts {
  readonly provider: string;
  readonly model: string;
  readonly attempts: readonly Attempt[];
  /** Null when the model's price is unknown. */
  readonly cost_usd: number | null;
  readonly cached: boolean;
  readonly citations?: readonly Citation[];
  /** The tools that Sluice ran for an agent of role `react`, in order. */
  readonly steps?: readonly object[];
}

export interface StreamHooks {
  /** Told of every event, or of several at once, to gather usage and the finish reason. */
  readonly onEvent: (item: BatchItem) => void;
  /** Called once all events are known; gives what the last piece carries. */
  readonly settle: () => Promise<AnswerFacts>;
}

/**
 * How an answer looks to the client that asked: one per API dialect. Inside, answers and streams are those of Chat
 * Completions.
 */
export interface AnswerFormat {
  /** The body of a finished answer, as JSON text. */
  toJson(result: ChatResult, facts: AnswerFacts): string;
  /** The server-sent events of a stream, its end included; at most one piece per batch. Throws what the stream throws. */
  toPieces(stream: AsyncIterable<ChatBatch>, hooks: StreamHooks): AsyncIterable<string | Uint8Array>;
  /** The last piece of a stream that failed after it began. Default: OpenAI's `error` event. */
  toErrorPiece?(error: unknown): string;
}
