import type OpenAI from 'openai';
import type { AppError } from './app-error.ts';
import type { HttpFetch } from './http-fetch.ts';

/**
 * The wire type inside Sluice is OpenAI's Chat Completions (https://platform.openai.com/docs/api-reference/chat), typed
 * by the `openai` package, so that OpenAI-compatible providers translate nothing. A provider adapter translates between
 * that and its vendor, and does nothing else: no retry, no cache, no log, no cost.
 */

/** What a caller sent, validated, without Sluice's own fields, `stream` and `stream_options`. Never mutated. */
export type ChatRequest = Omit<
  OpenAI.Chat.Completions.ChatCompletionCreateParamsNonStreaming,
  'stream' | 'stream_options' | 'messages'
> & {
  messages: readonly ChatMessage[];
  /**
   * Most tokens the model may think, for vendors that take a number. `reasoning_effort`, which is set beside it, stands
   * for it elsewhere. Of Messages requests alone, as the fields of messages that say so: no caller of Chat Completions
   * can set them.
   */
  thinking_budget_tokens?: number;
  /**
   * The prompt is to be continued rather than answered, up to `suffix` where there is one. The prompt is the one user
   * message, so that providers that only converse find it where they look. Of Completions requests alone.
   */
  text_completion?: { readonly suffix?: string };
};

export type ChatMessage = OpenAI.Chat.Completions.ChatCompletionMessageParam & MessageExtensions;

/** What vendors need back on a later turn and OpenAI's type has no field for. */
interface MessageExtensions {
  /** Readable thinking of an assistant turn. */
  reasoning_content?: string | null;
  /** Anthropic thinking blocks with their signatures, redacted ones included, exactly as they came. */
  thinking_blocks?: readonly ThinkingBlock[];
  /**
   * Set on the result of a tool that failed: the words at the beginning of `content` that say so, for vendors without a
   * field for it; empty when the tool's own words do. Of Messages requests alone.
   */
  error_prefix?: string;
  /**
   * An assistant turn as Anthropic's own blocks, where it holds some that the other fields cannot say (of tools that the
   * vendor ran itself). Beside `content` and `tool_calls`, which are all that other vendors are told. Of Messages
   * requests alone.
   */
  content_blocks?: readonly VendorBlock[];
}

/** A content part as it may come: OpenAI's, and the video and audio URLs that its clients send other vendors. */
export type LooseContentPart =
  | Exclude<NonNullable<ChatMessage['content']>, string>[number]
  | { readonly type: 'video_url'; readonly video_url: { readonly url: string } }
  | { readonly type: 'audio_url'; readonly audio_url: { readonly url: string } };

/** A content block of Anthropic's, unread. */
export interface VendorBlock {
  readonly type: string;
  readonly [field: string]: unknown;
}

export type ThinkingBlock =
  | { readonly type: 'thinking'; readonly thinking: string; readonly signature: string }
  | { readonly type: 'redacted_thinking'; readonly data: string };

export interface ChatCompletion extends Omit<OpenAI.Chat.Completions.ChatCompletion, 'choices'> {
  choices: ChatChoice[];
}

export interface ChatChoice extends Omit<OpenAI.Chat.Completions.ChatCompletion.Choice, 'message'> {
  message: OpenAI.Chat.Completions.ChatCompletionMessage & MessageExtensions;
  /** Which of the caller's stop sequences ended the answer, from vendors that tell. */
  stop_sequence?: string;
}

export interface ChatChunk extends Omit<OpenAI.Chat.Completions.ChatCompletionChunk, 'choices'> {
  choices: ChatChunkChoice[];
}

export interface ChatChunkChoice extends Omit<OpenAI.Chat.Completions.ChatCompletionChunk.Choice, 'delta'> {
  delta: OpenAI.Chat.Completions.ChatCompletionChunk.Choice.Delta &
    MessageExtensions & { annotations?: OpenAI.Chat.Completions.ChatCompletionMessage.Annotation[] };
  /** As of a finished answer, beside `finish_reason`. */
  stop_sequence?: string;
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';

/** A finished answer. `json` is its text as the upstream sent it, when it can be forwarded unchanged. */
export interface ChatResult {
  readonly completion: ChatCompletion;
  readonly json?: string;
}

/** One event of a stream. `json` is its text, where it is known already and can be sent as it is, on one line. */
export interface ChatEvent {
  readonly chunk: ChatChunk;
  readonly json?: string;
}

/**
 * Events of a stream that hold some text of one choice and nothing else, and that arrived together; never the first event
 * of a choice, never its finish. Who can do with the bytes alone should: the events are made each time they are asked for.
 */
export interface TextRun {
  /** The events as Chat Completions sends them: `data: {…}`, a blank line, and so on. */
  readonly bytes: Uint8Array;
  /** Of all its texts, in UTF-16 units; above 0. */
  readonly textLength: number;
  readonly events: readonly ChatEvent[];
}

export type BatchItem = ChatEvent | TextRun;

/** What one network read brought. */
export type ChatBatch = readonly BatchItem[];

export function isTextRun(item: BatchItem): item is TextRun {
  return 'bytes' in item;
}

/** Each event of a batch by itself. */
export function eventsOf(batch: ChatBatch): readonly ChatEvent[] {
  return batch.flatMap((item) => (isTextRun(item) ? item.events : [item]));
}

/**
 * What a provider can do, as data: the caller of the adapter refuses early, skips a leg or drops a parameter by it.
 * A model's row in the catalogue narrows it further.
 */
export interface ChatCapabilities {
  readonly streaming: boolean;
  readonly tools: boolean;
  readonly jsonMode: boolean;
  readonly jsonSchema: boolean;
  readonly imageInput: boolean;
  /**
   * False: images by URL must be fetched for it and sent as data, because it takes nothing else or because it stands in a
   * network of one's own, whose inside it would fetch for any caller. Default: the vendor fetches them itself.
   */
  readonly imageUrls?: boolean;
  readonly audioInput: boolean;
  readonly fileInput: boolean;
  readonly reasoning: boolean;
  /** Several choices (`n` above 1). */
  readonly choices: boolean;
  /** Continues a prompt as it stands (`text_completion`). Default: the prompt is answered, and a suffix is refused. */
  readonly textCompletion?: boolean;
  /**
   * Request parameters this provider has no equivalent for. `drop`: harmless, removed and named in
   * `x-sluice-dropped-params`. `refuse`: the answer would mean something else, so the leg is skipped.
   * A parameter that is not listed is honoured.
   */
  readonly parameters: Readonly<Record<string, 'drop' | 'refuse'>>;
}

export interface ChatCall {
  readonly request: ChatRequest;
  /** The vendor's own model name; takes the place of `request.model`. */
  readonly model: string;
  /** API key or bearer token, resolved by the caller. Absent where the target needs none. */
  readonly credential?: string;
  /** Replaces the vendor's base URL. With `/v1` for the OpenAI-compatible ones, the bare origin for the others. */
  readonly endpoint?: string;
  /** Google Cloud project and location, for `vertexai`. */
  readonly project?: string;
  readonly location?: string;
  readonly signal: AbortSignal;
  readonly fetch: HttpFetch;
  /**
   * Told of each parameter the adapter leaves out because of the model or of what else the request asks for, harmless
   * like the ones its capabilities drop. Before the request is sent.
   */
  readonly onDropped?: (parameter: string) => void;
  /** Longest silence of the upstream once it answered, in milliseconds. Default 60,000. */
  readonly idleTimeoutMs?: number;
  /** Longest wait for the first byte, in milliseconds, for adapters that have a limit of their own. Default: that one. */
  readonly firstByteTimeoutMs?: number;
  /** Of servers that load models on demand: how long the model stays, in seconds or as a Go duration. -1: for good. */
  readonly keepAlive?: string | number;
  /** Of the same servers: the context window to load the model with, in tokens. */
  readonly contextLength?: number;
}

export interface ChatProvider {
  readonly id: string;
  readonly capabilities: ChatCapabilities;

  /**
   * One answer.
   * @throws AppError by the upstream's status (`invalid_request`, `authentication`, `rate_limit`, …), `server_error` for
   * an error object or an empty answer inside a 200, `network`, `timeout`, `cancelled`.
   */
  complete(call: ChatCall): Promise<ChatResult>;

  /**
   * The same, streamed. Resolves once the upstream accepted the request, so that retry and fallback can act on a
   * refusal. Yields batches: all the events of one network read, never an empty batch. The last event that has a choice
   * carries the one `finish_reason`; usage, when the upstream gives it, is on an event of its own with `choices: []`.
   *
   * The iteration throws AppError `server_error` when the upstream ends without its own terminal event.
   */
  stream(call: ChatCall): Promise<AsyncIterable<ChatBatch>>;

  /** Names of the models the target serves. */
  listModels?(call: Omit<ChatCall, 'request' | 'model'>): Promise<readonly string[]>;

  /** Why the target cannot be asked now, decided within two seconds; undefined when it answers. Never throws. */
  whyUnavailable?(call: Omit<ChatCall, 'request' | 'model'>): Promise<AppError | undefined>;
}
