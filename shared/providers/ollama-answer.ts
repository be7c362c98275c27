import { randomUUID } from 'node:crypto';
import type OpenAI from 'openai';
import { AppError } from '../contracts/app-error.ts';
import type { ChatChoice, FinishReason } from '../contracts/chat-provider.ts';
import { findErrorInBody, toErrorInBody } from './error-in-body.ts';
import type { LooseAnswer } from './ollama-wire.ts';
import { parseJson } from './parse-json.ts';
import { toCount } from './token-count.ts';

export interface AnswerOptions {
  readonly model: string;
  /** Log probabilities were asked for. */
  readonly logprobs?: boolean;
}

export interface FunctionCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

/** @throws AppError `server_error` for text that is not a JSON object; the server's own error when it is one. */
export function parseAnswer(json: string): LooseAnswer {
  const answer = parseJson(json, 'ollama');
  if (!isFields(answer)) throw new AppError('server_error', 'ollama answered with something that is not an object.');
  const error = findErrorInBody(answer);
  if (error !== undefined) throw toErrorInBody('ollama', error, json);
  return answer;
}

/** The message of an answer or of a line of one; text that continues a prompt stands for itself. */
export function messageOf(answer: LooseAnswer): LooseAnswer | undefined {
  if (isFields(answer.message)) return answer.message;
  return typeof answer.response === 'string' ? { content: answer.response, thinking: answer.thinking } : undefined;
}

/** An end by loading or unloading the model, and whatever later versions add, is an ordinary end. */
export function toFinishReason(reason: unknown, hasToolCalls: boolean): FinishReason {
  if (reason === 'length') return 'length';
  return hasToolCalls ? 'tool_calls' : 'stop';
}

/** The vendor leaves out a count that is zero, older servers also that of a prompt they still had in their cache. */
export function toUsage(answer: LooseAnswer): OpenAI.CompletionUsage {
  const prompt = toCount(answer.prompt_eval_count) ?? 0;
  const completion = toCount(answer.eval_count) ?? 0;
  const cached = toCount(answer.prompt_eval_cached_count);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    ...(cached === undefined ? {} : { prompt_tokens_details: { cached_tokens: cached } }),
  };
}

/** Seconds since the epoch of `created_at`; now when it does not tell. */
export function toCreated({ created_at: time }: LooseAnswer): number {
  const milliseconds = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  return Math.floor((milliseconds > 0 ? milliseconds : Date.now()) / 1000);
}

/**
 * The calls of a message. They come whole, with their arguments as an object; ids are ours where the server has none.
 * @param taken ids of the calls before; those of these calls are added.
 * @throws AppError `server_error` for a call without a name or with arguments that are no object.
 */
export function toFunctionCalls(calls: unknown, taken: Set<string>): FunctionCall[] {
  if (!Array.isArray(calls)) return [];
  return calls.map((call: unknown) => {
    const { id: given, function: called } = isFields(call) ? call : ({} as LooseAnswer);
    const { name, arguments: input } = isFields(called) ? called : ({} as LooseAnswer);
    if (typeof name !== 'string' || name === '') {
      throw new AppError('server_error', 'ollama answered with a tool call that has no name.');
    }
    const id = typeof given === 'string' && given !== '' && !taken.has(given) ? given : `call_${randomUUID()}`;
    taken.add(id);
    return { id, type: 'function', function: { name, arguments: toArguments(input) } };
  });
}

type Logprobs = NonNullable<ChatChoice['logprobs']>;
type TokenLogprob = NonNullable<Logprobs['content']>[number];

/** Log probabilities of the tokens behind a piece of text; null when there are none. */
export function toLogprobs({ logprobs }: LooseAnswer): Logprobs | null {
  if (!Array.isArray(logprobs) || logprobs.length === 0) return null;
  const content = logprobs.filter(isFields).map((token): TokenLogprob => {
    const top = Array.isArray(token.top_logprobs) ? token.top_logprobs.filter(isFields) : [];
    return { ...toToken(token), top_logprobs: top.map(toToken) };
  });
  return { content, refusal: null };
}

/** What was asked for and ignored by an older server is not passed off as an answer without it. */
export function missingLogprobs(): AppError {
  return new AppError('unsupported', 'This Ollama server gives no log probabilities: update it to 0.12.11 or later.', {
    param: 'logprobs',
  });
}

export function toText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isFields(value: unknown): value is LooseAnswer {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function toToken({ token, logprob, bytes }: LooseAnswer): Omit<TokenLogprob, 'top_logprobs'> {
  const text = toText(token);
  return {
    token: text,
    logprob: Number.isFinite(logprob) ? (logprob as number) : -9999,
    bytes: Array.isArray(bytes) && bytes.every(Number.isInteger) ? bytes : [...Buffer.from(text)],
  };
}

function toArguments(input: unknown): string {
  if (input === undefined || input === null || input === '') return '{}';
  if (isFields(input)) return JSON.stringify(input);
  if (typeof input === 'string') {
    try {
      if (isFields(JSON.parse(input))) return input;
    } catch {
      // Said below: the parser's own message quotes the text.
    }
  }
  const size = typeof input === 'string' ? `${input.length} characters` : `a ${typeof input}`;
  throw new AppError('server_error', `ollama answered with tool-call arguments that are not an object (${size}).`);
}
