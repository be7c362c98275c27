import { randomUUID } from 'node:crypto';
import { AppError } from '../contracts/app-error.ts';
import type { ChatCompletion, ChatResult } from '../contracts/chat-provider.ts';
import { findErrorInBody, toErrorInBody } from './error-in-body.ts';
import { toFinishReason } from './openai-finish.ts';
import { cutNulls, hasPlainFields, parseBody, toPlainFields } from './openai-json.ts';
import {
  isPlainAnnotations,
  type LooseToolCall,
  readDelta,
  readToolCalls,
  toArgumentsText,
  toLogprobs,
  toPlainMessage,
} from './openai-message.ts';
import { type AnswerOptions, toSeconds } from './openai-stream.ts';
import { isFields, isPlainUsage, toUsage } from './openai-usage.ts';

type Fields = Readonly<Record<string, unknown>>;

const PLAIN_FINISH: ReadonlySet<unknown> = new Set(['stop', 'length', 'content_filter']);

/**
 * A compatible vendor's finished answer as OpenAI's. The original text is kept when nothing had to change.
 * @throws AppError `server_error` for text that is not such an answer or has no choices; the vendor's own error when
 * the body is one in spite of its status.
 */
export function toChatResult(json: string, options: AnswerOptions): ChatResult {
  const body = parseBody(json, options.provider);
  const error = findErrorInBody(body);
  if (error !== undefined) throw toErrorInBody(options.provider, error, json);
  const choices = Array.isArray(body.choices) ? body.choices.filter(isFields) : [];
  if (choices.length === 0) throw new AppError('server_error', `${options.provider} answered without a choice.`);
  if (isPlain(body, choices)) {
    const text = cutNulls(body, json);
    if (text !== undefined) return { completion: body as unknown as ChatCompletion, json: text };
  }
  const { usage, error: _error, ...rest } = body;
  const completion = {
    ...toPlainFields(rest),
    id: typeof body.id === 'string' && body.id !== '' ? body.id : `chatcmpl-${randomUUID()}`,
    object: 'chat.completion',
    created: toSeconds(body.created),
    model: typeof body.model === 'string' && body.model !== '' ? body.model : options.model,
    choices: choices.map((choice, position) => toChoice(choice, position, options)),
    ...(isFields(usage) ? { usage: toUsage(usage, options) } : {}),
  };
  return { completion: completion as unknown as ChatCompletion };
}

function isPlain(body: Fields, choices: readonly Fields[]): boolean {
  return (
    typeof body.id === 'string' &&
    body.id !== '' &&
    body.object === 'chat.completion' &&
    Number.isInteger(body.created) &&
    typeof body.model === 'string' &&
    hasPlainFields(body) &&
    (body.usage === undefined || body.usage === null || isPlainUsage(body.usage)) &&
    (body.choices as unknown[]).length === choices.length &&
    choices.every(isPlainChoice)
  );
}

function isPlainChoice(choice: Fields, position: number): boolean {
  const message = choice.message;
  return (
    isFields(message) &&
    choice.index === position &&
    choice.logprobs === null &&
    !choice.error &&
    PLAIN_FINISH.has(choice.finish_reason) &&
    message.role === 'assistant' &&
    isTextOrNull(message.content) &&
    isTextOrNull(message.refusal) &&
    (message.reasoning_content === undefined || typeof message.reasoning_content === 'string') &&
    isPlainAnnotations(message.annotations) &&
    message.reasoning === undefined &&
    message.tool_calls === undefined &&
    message.function_call === undefined &&
    message.audio === undefined
  );
}

/** Sound with all that OpenAI's schema requires of it; the pieces of a stream have less. */
function isPlainAudio(audio: unknown): boolean {
  if (!isFields(audio)) return false;
  const { id, data, transcript, expires_at } = audio;
  return [id, data, transcript].every((text) => typeof text === 'string') && Number.isInteger(expires_at);
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string';
}

function toChoice(choice: Fields, position: number, { provider, usesFunctions = false }: AnswerOptions) {
  if (choice.error) throw toErrorInBody(provider, choice.error, JSON.stringify({ error: choice.error }));
  const vendorMessage = isFields(choice.message) ? choice.message : readDelta(choice, undefined).delta;
  const { audio, ...message } = toPlainMessage(vendorMessage);
  const calls = readToolCalls(vendorMessage).map((call) => toToolCall(call, provider));
  const legacyCall =
    message.function_call === undefined ? {} : { function_call: toNamed(message.function_call, provider) };
  const reason = typeof choice.finish_reason === 'string' ? choice.finish_reason : 'stop';
  return {
    ...choice,
    index: position,
    finish_reason: toFinishReason(reason, { provider, calledTool: calls.length > 0, usesFunctions }),
    logprobs: toLogprobs(choice.logprobs),
    message: {
      ...message,
      ...(isPlainAudio(audio) ? { audio } : {}),
      role: 'assistant',
      content: message.content ?? null,
      refusal: message.refusal ?? null,
      ...legacyCall,
      ...(calls.length > 0 ? { tool_calls: withDistinctIds(calls) } : {}),
    },
  };
}

function toToolCall(call: LooseToolCall, provider: string): { id: string } {
  const { index: _index, ...rest } = call;
  const id = typeof call.id === 'string' ? call.id : '';
  if (call.type === 'custom') return { ...rest, id };
  return { ...rest, id, type: 'function', function: toNamed(call.function, provider) } as { id: string };
}

/** Name and arguments of a call, `{}` for none. */
function toNamed(value: unknown, provider: string): { readonly name: string; readonly arguments: string } {
  const called = isFields(value) ? value : {};
  if (typeof called.name !== 'string' || called.name === '') {
    throw new AppError('server_error', `${provider} answered with a tool call that has no name.`);
  }
  const text = toArgumentsText(called.arguments);
  return { name: called.name, arguments: text.trim() === '' ? '{}' : text };
}

/** Results are matched to calls by id, so a missing or repeated one gets one of ours. */
function withDistinctIds(calls: readonly { id: string }[]): { id: string }[] {
  const seen = new Set<string>();
  return calls.map((call) => {
    const id = call.id === '' || seen.has(call.id) ? `call_${randomUUID()}` : call.id;
    seen.add(id);
    return { ...call, id };
  });
}
