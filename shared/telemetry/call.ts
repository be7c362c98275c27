import type { TraceContext } from './trace-context.ts';

/** A document that could not be ingested, as the log tells it. */
export interface DocumentFailure {
  readonly document: string;
  readonly code: string;
  /** As `describeError` describes it. */
  readonly error: Readonly<Record<string, unknown>>;
}

/** What is learned about a request on its way, under the names that its log line has for it. Never content. */
export interface CallFacts {
  agent?: string | undefined;
  tenant?: string | null;
  /** Name of the API key. */
  key?: string;
  provider?: string;
  model?: string;
  /** Legs that were tried, over all turns. */
  attempts?: number;
  /** No leg could answer. */
  exhausted?: true;
  prompt_tokens?: number;
  completion_tokens?: number;
  /** Null when the price of any call is not known. */
  cost_usd?: number | null;
  finish_reason?: string | undefined;
  /** `off`: the answer was not to be looked for there, or kept. */
  cache?: 'hit' | 'miss' | 'off';
  streamed?: boolean;
  /** From the arrival of the request to the first output of the model. */
  time_to_first_token_seconds?: number;
  /** Tools that were run. */
  steps?: number;
  documents?: number;
  failed?: number;
  /** Why documents failed, one example of each reason. */
  failures?: readonly DocumentFailure[];
  chunks?: number;
  embedded?: number;
  outcome?: string;
  results?: number;
  /** Document reads that the store charges for. */
  reads?: number;
}

/** One request to the service, as everything that is told about it refers to it. */
export interface Call {
  readonly requestId: string;
  /** Name of the function that was called; empty for calls from inside. */
  readonly functionName: string;
  readonly trace?: TraceContext | undefined;
  /** On the clock of `performance.now()`. */
  readonly startedAtMs: number;
  readonly facts: CallFacts;
}

/** Milliseconds as the seconds that lines and metrics speak of, with three digits behind the point. */
export function toSeconds(milliseconds: number): number {
  return Math.round(milliseconds) / 1000;
}

/** Milliseconds since the request arrived. */
export function elapsedMs({ startedAtMs }: Call): number {
  return performance.now() - startedAtMs;
}

/** A call that nothing is known about but its id. */
export function plainCall(requestId: string): Call {
  return { requestId, functionName: '', startedAtMs: performance.now(), facts: {} };
}
