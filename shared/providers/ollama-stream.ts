import { randomUUID } from 'node:crypto';
import { AppError } from '../contracts/app-error.ts';
import type { ChatBatch, ChatChunk, ChatChunkChoice, ChatEvent, FinishReason } from '../contracts/chat-provider.ts';
import type { HttpResponse } from '../contracts/http-fetch.ts';
import { type AnswerReader, type ItemReader, readAnswerStream, translateItems } from './answer-stream.ts';
import { createNdjsonReader } from './ndjson-reader.ts';
import {
  type AnswerOptions,
  messageOf,
  missingLogprobs,
  parseAnswer,
  toCreated,
  toFinishReason,
  toFunctionCalls,
  toLogprobs,
  toText,
  toUsage,
} from './ollama-answer.ts';
import type { LooseAnswer } from './ollama-wire.ts';
import { type ChunkNormalizer, createChunkNormalizer } from './openai-stream.ts';

/** A line of server-sent events; no line of JSON begins like one. */
const EVENT_LINE = /^(data|event|id|retry)?:(.*)$/s;

/**
 * The lines of a streamed `POST /api/chat` or `/api/generate` as chunks. Proxies that put OpenAI's surface before Ollama stream its events.
 *
 * `push` throws the server's error when a line is one, AppError `server_error` for a line that is not JSON, and
 * `unsupported` when log probabilities were asked for and left out.
 */
function createChatLineReader({ model, logprobs: wantsLogprobs = false }: AnswerOptions): AnswerReader<string> {
  const id = `chatcmpl-${randomUUID()}`;
  const callIds = new Set<string>();
  let head: { readonly created: number; readonly model: string } | undefined;
  let started = false;
  let hasLogprobs = false;
  let done = false;
  let compatible: ChunkNormalizer | undefined;

  const readEventLine = (field: string | undefined, value: string): ChatEvent[] => {
    if (field !== 'data') return [];
    compatible ??= createChunkNormalizer({ provider: 'ollama', model });
    if (value.trim() !== '[DONE]') return compatible.push(value);
    done = true;
    return compatible.end();
  };

  const toChunk = (answer: LooseAnswer, choices: ChatChunk['choices']): ChatChunk => {
    head ??= { created: toCreated(answer), model: toText(answer.model) || model };
    return { id, object: 'chat.completion.chunk', ...head, choices };
  };

  const toEvent = (
    answer: LooseAnswer,
    delta: ChatChunkChoice['delta'],
    { finish = null, logprobs = null }: Ending = {},
  ): ChatEvent => {
    const led = started ? delta : { role: 'assistant' as const, content: '', ...delta };
    started = true;
    return { chunk: toChunk(answer, [{ index: 0, delta: led, logprobs, finish_reason: finish }]) };
  };

  const readMessage = (answer: LooseAnswer): ChatEvent[] => {
    const message = messageOf(answer) ?? {};
    const text = toText(message.content);
    const reasoning = toText(message.thinking);
    const first = callIds.size;
    const calls = toFunctionCalls(message.tool_calls, callIds).map((call, position) => ({
      index: first + position,
      ...call,
    }));
    const logprobs = wantsLogprobs ? toLogprobs(answer) : null;
    hasLogprobs ||= logprobs !== null;
    if (wantsLogprobs && !hasLogprobs && text !== '') throw missingLogprobs();
    const delta: ChatChunkChoice['delta'] = {
      ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
      ...(text === '' && logprobs === null ? {} : { content: text }),
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
    };
    return Object.keys(delta).length > 0 ? [toEvent(answer, delta, { logprobs })] : [];
  };

  return {
    get complete() {
      return done;
    },
    get done() {
      return done;
    },

    push(line) {
      const [isEventLine, field, value = ''] = EVENT_LINE.exec(line) ?? [];
      if (isEventLine) return readEventLine(field, value);
      const answer = parseAnswer(line);
      const events = readMessage(answer);
      if (answer.done !== true) return events;
      done = true;
      events.push(toEvent(answer, {}, { finish: toFinishReason(answer.done_reason, callIds.size > 0) }));
      events.push({ chunk: { ...toChunk(answer, []), usage: toUsage(answer) } });
      return events;
    },

    end() {
      if (done) return [];
      if (compatible) return compatible.end();
      throw new AppError('server_error', 'The stream of ollama was interrupted before its end.');
    },
  };
}

interface Ending {
  readonly finish?: FinishReason | null;
  readonly logprobs?: ChatChunkChoice['logprobs'];
}

/** The events of a streamed answer. Iteration throws AppError for a broken line, an error, or an end before `done`. */
export function readChatStream(response: HttpResponse, options: AnswerOptions): AsyncIterable<ChatBatch> {
  const lines = createNdjsonReader();
  const items: ItemReader<string> = { push: (bytes) => lines.push(bytes), end: () => lines.end().filter(isWhole) };
  return readAnswerStream(response, translateItems(items, createChatLineReader(options)));
}

/** A line that the end of the body cut in two is part of the interruption, which the missing end of the answer tells. */
function isWhole(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
