import { randomUUID } from 'node:crypto';
import type Anthropic from '@anthropic-ai/sdk';
import type OpenAI from 'openai';
import { AppError } from '../contracts/app-error.ts';
import type { FinishReason } from '../contracts/chat-provider.ts';
import { toCount } from './token-count.ts';

/** Any field may be missing or null; a stream repeats some of them. */
export type LooseMessagesUsage = {
  readonly [Field in keyof Anthropic.Usage]?: Anthropic.Usage[Field] | null;
};

/** Reasons the vendor may add are an ordinary end, `pause_turn` of its server tools included. */
export function toFinishReason(reason: string | null | undefined, hasToolCalls: boolean): FinishReason {
  switch (reason) {
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return 'length';
    case 'refusal':
      return 'content_filter';
    default:
      return hasToolCalls ? 'tool_calls' : 'stop';
  }
}

/** OpenAI's `prompt_tokens` is all input; the vendor counts what it read from and wrote to its cache apart. */
export function toUsage(usage: LooseMessagesUsage): OpenAI.CompletionUsage {
  const cached = toCount(usage.cache_read_input_tokens) ?? 0;
  const written = toCount(usage.cache_creation_input_tokens) ?? 0;
  const prompt = (toCount(usage.input_tokens) ?? 0) + cached + written;
  const completion = toCount(usage.output_tokens) ?? 0;
  const reasoning = toCount(usage.output_tokens_details?.thinking_tokens);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: cached, cache_write_tokens: written },
    ...(reasoning !== undefined ? { completion_tokens_details: { reasoning_tokens: reasoning } } : {}),
  };
}

/**
 * Id and name of a call; targets that only look like the vendor leave ids out.
 * @param toolNames the caller's names of tools that were sent under others, by those.
 * @throws AppError `server_error` for a call without a name.
 */
export function toCallHead(
  { id, name: given }: { readonly id?: unknown; readonly name?: unknown },
  toolNames: ReadonlyMap<string, string> | undefined,
): { id: string; name: string } {
  const name = toText(given);
  if (name === '') throw new AppError('server_error', 'anthropic answered with a tool call that has no name.');
  return { id: toText(id) || `call_${randomUUID()}`, name: toolNames?.get(name) ?? name };
}

/** The caller's stop sequence that ended an answer, as a field to be spread, or nothing. */
export function toStopSequence({ stop_reason: reason, stop_sequence: sequence }: LooseStop): {
  stop_sequence?: string;
} {
  return reason === 'stop_sequence' && toText(sequence) !== '' ? { stop_sequence: toText(sequence) } : {};
}

export interface LooseStop {
  readonly stop_reason?: string | null | undefined;
  readonly stop_sequence?: string | null | undefined;
}

export function toText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export type Annotation = OpenAI.Chat.Completions.ChatCompletionMessage.Annotation;

/**
 * A citation that names a URL, over the text it belongs to; other kinds cite the caller's own documents, for which
 * OpenAI has no form.
 */
export function toAnnotation(
  citation: Anthropic.TextCitation,
  { start, end }: { readonly start: number; readonly end: number },
): Annotation | undefined {
  const url = toUrl(citation);
  if (url === undefined) return undefined;
  const title = ('title' in citation && toText(citation.title)) || url;
  return { type: 'url_citation', url_citation: { url, title, start_index: start, end_index: end } };
}

function toUrl(citation: Anthropic.TextCitation | null): string | undefined {
  if (!citation) return undefined;
  if (citation.type === 'web_search_result_location') return toText(citation.url) || undefined;
  if (citation.type !== 'search_result_location') return undefined;
  const source = toText(citation.source);
  return /^https?:\/\//i.test(source) ? source : undefined;
}
