import type { AgentConfig, LegConfig } from '../../config/types.ts';
import type { ChatMessage, ChatRequest } from '../../contracts/chat-provider.ts';
import type { ChatBody } from '../../http/schemas/chat-schema.ts';
import type { HistoryTurn } from '../../rag/expand-query.ts';

/** Fields of the HTTP request that are Sluice's or the transport's business and never a provider's. */
const OWN_FIELDS: ReadonlySet<string> = new Set(['sluice', 'stream', 'stream_options', 'messages']);

/**
 * The request as the providers see it: without our own fields and nulls, the agent's prompt and the retrieved context
 * before the caller's messages.
 */
export function toChatRequest(
  body: ChatBody,
  agent: AgentConfig | undefined,
  context: string | undefined,
): ChatRequest {
  const request: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(body)) {
    if (value !== null && value !== undefined && !OWN_FIELDS.has(field)) request[field] = value;
  }
  const messages = body.messages as ChatMessage[];
  const system = [agent?.prompt, context].filter((text) => text !== undefined && text !== '');
  request.messages = system.length === 0 ? messages : [...system.map(toSystemMessage), ...messages];
  return request as unknown as ChatRequest;
}

/**
 * The request with what the leg or its agent sets and the caller did not. Who sets `top_p` has chosen its sampling: a
 * default temperature beside it would change it, and some models take one of the two alone.
 */
export function withLegDefaults(request: ChatRequest, leg: LegConfig, agent: AgentConfig | undefined): ChatRequest {
  const temperature = leg.temperature ?? agent?.temperature;
  const maxTokens = leg.maxTokens ?? agent?.maxTokens;
  const setTemperature = temperature !== undefined && request.temperature === undefined && request.top_p === undefined;
  const setMaxTokens =
    maxTokens !== undefined && request.max_tokens === undefined && request.max_completion_tokens === undefined;
  if (!setTemperature && !setMaxTokens) return request;
  return { ...request, ...(setTemperature ? { temperature } : {}), ...(setMaxTokens ? { max_tokens: maxTokens } : {}) };
}

/** The text of the last message a user wrote: what retrieval looks for. */
export function lastUserText(messages: ChatBody['messages']): string {
  return textOf(messages.findLast(({ role }) => role === 'user')?.content);
}

/** What user and assistant said to each other before the last message a user wrote. */
export function historyOf(messages: ChatBody['messages']): HistoryTurn[] {
  const question = messages.findLastIndex(({ role }) => role === 'user');
  return messages.slice(0, Math.max(0, question)).flatMap(({ role, content }) => {
    const text = role === 'user' || role === 'assistant' ? textOf(content) : '';
    return text.trim() === '' ? [] : [{ role: role as HistoryTurn['role'], text }];
  });
}

function textOf(content: ChatBody['messages'][number]['content']): string {
  if (typeof content === 'string') return content;
  return (content ?? []).map((part) => ('text' in part ? part.text : '')).join('\n');
}

function toSystemMessage(content: string | undefined): ChatMessage {
  return { role: 'system', content: content ?? '' };
}
