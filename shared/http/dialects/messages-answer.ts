import { randomUUID } from 'node:crypto';
import { AppError } from '../../contracts/app-error.ts';
import type { ChatChoice, ChatChunkChoice, ChatCompletion, ThinkingBlock } from '../../contracts/chat-provider.ts';
import type { AnswerFacts } from './answer-format.ts';
import { type ThinkingDisplay, UNSIGNED } from './messages-thinking.ts';

/** Anthropic's answer (https://platform.claude.com/docs/en/api/messages), with every field its clients' types have. */
export interface Message {
  readonly id: string;
  readonly type: 'message';
  readonly role: 'assistant';
  readonly model: string;
  readonly content: readonly MessageBlock[];
  readonly stop_reason: StopReason | null;
  readonly stop_sequence: string | null;
  readonly stop_details: null;
  readonly container: null;
  readonly diagnostics: null;
  readonly usage: MessageUsage;
  readonly sluice?: AnswerFacts;
}

/** `stop_sequence` is known from some providers alone; an answer that others ended at one has come to its `end_turn`. */
export type StopReason = 'end_turn' | 'max_tokens' | 'stop_sequence' | 'tool_use' | 'refusal';

export type MessageBlock =
  | ThinkingBlock
  | { readonly type: 'text'; readonly text: string; readonly citations: readonly WebCitation[] | null }
  | {
      readonly type: 'tool_use';
      readonly id: string;
      readonly name: string;
      readonly input: Readonly<Record<string, unknown>>;
      readonly caller: { readonly type: 'direct' };
      /** What the provider wants back with the call, e.g. Google's thought signature. */
      readonly extra_content?: unknown;
    };

export interface WebCitation {
  readonly type: 'web_search_result_location';
  readonly url: string;
  readonly title: string | null;
  readonly cited_text: string;
  readonly encrypted_index: string;
}

export interface MessageUsage {
  /** Input that was neither read from a cache nor written to one. */
  readonly input_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_creation: null;
  readonly output_tokens: number;
  readonly output_tokens_details: { readonly thinking_tokens: number } | null;
  readonly server_tool_use: null;
  readonly service_tier: null;
  readonly inference_geo: null;
  readonly speed: null;
}

type Annotation = NonNullable<ChatChunkChoice['delta']['annotations']>[number];
type FinishReason = ChatChoice['finish_reason'] | null | undefined;

/** A message without its content, as a stream begins with. */
export function toMessageHead({ id, model }: { readonly id?: string; readonly model?: string }): Message {
  return {
    id: toMessageId(id),
    type: 'message',
    role: 'assistant',
    model: model ?? '',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    container: null,
    diagnostics: null,
    usage: toMessageUsage(undefined),
  };
}

/**
 * The blocks of a finished answer: thinking, text, calls.
 * @throws AppError `invalid_output` for a call whose arguments are not a JSON object, unless the answer was cut off.
 */
export function toMessageBlocks(
  { message, finish_reason: finish }: ChatChoice,
  display: ThinkingDisplay,
): MessageBlock[] {
  const text = (message.content ?? '') + (message.refusal ?? '');
  const citations = toCitations(message.annotations);
  const blocks: MessageBlock[] = toThinking(message, display);
  if (text !== '' || citations.length > 0) blocks.push(toTextBlock(text, citations));
  for (const call of message.tool_calls ?? []) {
    if (call.type !== 'function') continue;
    const { name, arguments: input } = call.function;
    blocks.push(toToolUseBlock({ id: call.id, name, ...readExtraContent(call) }, toInput(input, name, finish)));
  }
  return blocks;
}

function toThinking(
  { reasoning_content: reasoning, thinking_blocks: known = [] }: ChatChoice['message'],
  { isOmitted, isSignedOnly }: ThinkingDisplay,
): MessageBlock[] {
  const isTold = known.some((block) => block.type === 'thinking');
  const unsigned: MessageBlock[] =
    reasoning && !isTold && !isSignedOnly ? [{ type: 'thinking', thinking: reasoning, signature: UNSIGNED }] : [];
  const blocks = known.flatMap((block): MessageBlock[] => {
    if (block.type !== 'thinking') return [{ type: block.type, data: block.data }];
    if (block.signature === '' && isSignedOnly) return [];
    const thinking = isOmitted ? '' : block.thinking;
    return [{ type: 'thinking', thinking, signature: block.signature || UNSIGNED }];
  });
  return [...unsigned, ...blocks];
}

export function toTextBlock(text: string, citations: readonly WebCitation[]): MessageBlock {
  return { type: 'text', text, citations: citations.length > 0 ? citations : null };
}

export function toToolUseBlock(
  call: { readonly id: string; readonly name: string; readonly extra_content?: unknown },
  input: Readonly<Record<string, unknown>>,
): MessageBlock {
  return { type: 'tool_use', ...call, input, caller: { type: 'direct' } };
}

/** Provider fields beside a call; OpenAI's type has no room for them. */
export function readExtraContent(call: object): { extra_content?: unknown } {
  const { extra_content: extra } = call as { extra_content?: unknown };
  return extra === undefined || extra === null ? {} : { extra_content: extra };
}

/**
 * The input of a call. An answer that was cut off inside one has no whole input; its stop reason tells the client not to
 * run it.
 */
export function toInput(text: string, name: string, finish: FinishReason): Record<string, unknown> {
  const input = text.trim() === '' ? {} : parseInput(text);
  if (input) return input;
  if (finish === 'length') return {};
  throw new AppError(
    'invalid_output',
    `The model called ${name} with arguments that are not a JSON object; try again.`,
  );
}

/** The object a text is, or undefined. */
export function parseInput(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // The parser's message quotes the text; callers say what is wrong without it.
  }
  return undefined;
}

/** Sources on the web. What they say is not known inside, only where they are. */
export function toCitations(annotations: readonly Annotation[] | null | undefined): WebCitation[] {
  return (annotations ?? []).map(({ url_citation: { url, title } }) => ({
    type: 'web_search_result_location',
    url,
    title: title || null,
    cited_text: '',
    encrypted_index: '',
  }));
}

export function toStop(
  finish: FinishReason,
  {
    hasCalls,
    isRefused,
    sequence,
  }: { readonly hasCalls: boolean; readonly isRefused: boolean; readonly sequence: unknown },
): Pick<Message, 'stop_reason' | 'stop_sequence'> {
  const isWhole = finish === 'stop' && !isRefused && !hasCalls;
  if (isWhole && typeof sequence === 'string') return { stop_reason: 'stop_sequence', stop_sequence: sequence };
  return { stop_reason: toStopReason(finish, hasCalls, isRefused), stop_sequence: null };
}

function toStopReason(finish: FinishReason, hasCalls: boolean, isRefused: boolean): StopReason {
  if (finish === 'length') return 'max_tokens';
  if (finish === 'content_filter' || isRefused) return 'refusal';
  return hasCalls ? 'tool_use' : 'end_turn';
}

/** Anthropic counts what was read from and written to its cache apart from the rest of the input. */
export function toMessageUsage(usage: ChatCompletion['usage'] | null): MessageUsage {
  const details = usage?.prompt_tokens_details;
  const read = details?.cached_tokens ?? 0;
  const written = details?.cache_write_tokens ?? 0;
  const thinking = usage?.completion_tokens_details?.reasoning_tokens;
  return {
    input_tokens: Math.max(0, (usage?.prompt_tokens ?? 0) - read - written),
    cache_read_input_tokens: read,
    cache_creation_input_tokens: written,
    cache_creation: null,
    output_tokens: usage?.completion_tokens ?? 0,
    output_tokens_details: typeof thinking === 'number' ? { thinking_tokens: thinking } : null,
    server_tool_use: null,
    service_tier: null,
    inference_geo: null,
    speed: null,
  };
}

function toMessageId(id: string | undefined): string {
  if (!id) return `msg_${randomUUID()}`;
  return id.startsWith('msg_') ? id : `msg_${id.replace(/^chatcmpl-/, '')}`;
}
