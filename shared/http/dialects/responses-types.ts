import type { AnswerFacts } from './answer-format.ts';

/** The answer's side of the Responses API (https://platform.openai.com/docs/api-reference/responses/object). */

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

export interface UrlCitation {
  readonly type: 'url_citation';
  readonly url: string;
  readonly title: string;
  readonly start_index: number;
  readonly end_index: number;
}

export interface TokenLogprob {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[];
  readonly top_logprobs: readonly Omit<TokenLogprob, 'top_logprobs'>[];
}

export interface OutputText {
  readonly type: 'output_text';
  readonly text: string;
  readonly annotations: readonly UrlCitation[];
  readonly logprobs: readonly TokenLogprob[];
}

export interface OutputRefusal {
  readonly type: 'refusal';
  readonly refusal: string;
}

export interface OutputMessage {
  readonly id: string;
  readonly type: 'message';
  readonly status: ItemStatus;
  readonly role: 'assistant';
  readonly content: readonly (OutputText | OutputRefusal)[];
}

export interface FunctionCall {
  readonly id: string;
  readonly type: 'function_call';
  readonly status: ItemStatus;
  readonly call_id: string;
  readonly name: string;
  readonly arguments: string;
}

export interface CustomToolCall {
  readonly id: string;
  readonly type: 'custom_tool_call';
  readonly status: ItemStatus;
  readonly call_id: string;
  readonly name: string;
  readonly input: string;
}

export interface ReasoningItem {
  readonly id: string;
  readonly type: 'reasoning';
  readonly status: ItemStatus;
  readonly summary: readonly { readonly type: 'summary_text'; readonly text: string }[];
  readonly encrypted_content?: string;
}

export type OutputItem = OutputMessage | FunctionCall | CustomToolCall | ReasoningItem;

export interface ResponseUsage {
  readonly input_tokens: number;
  readonly input_tokens_details: { readonly cached_tokens: number; readonly cache_write_tokens: number };
  readonly output_tokens: number;
  readonly output_tokens_details: { readonly reasoning_tokens: number };
  readonly total_tokens: number;
}

/** What becomes of a response; the request's own fields, echoed, come beside it. */
export interface ResponseOutcome {
  readonly status: 'in_progress' | 'completed' | 'incomplete' | 'failed';
  /** Unix time in seconds. */
  readonly completed_at?: number;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly incomplete_details: { readonly reason: 'max_output_tokens' | 'content_filter' } | null;
  readonly output: readonly OutputItem[];
  /** Absent when the upstream did not say. */
  readonly usage?: ResponseUsage;
  readonly service_tier?: string;
  readonly sluice?: AnswerFacts | Readonly<Record<string, unknown>>;
}

/** Takes an event of the stream; its type and sequence number are put before the fields. */
export type Emit = (type: string, fields: object) => void;
