import { randomUUID } from 'node:crypto';
import { AppError } from '../contracts/app-error.ts';
import type { ChatChoice, ChatCompletion, ChatResult } from '../contracts/chat-provider.ts';
import { toErrorInBody } from './error-in-body.ts';
import { toAnnotations } from './gemini-citations.ts';
import { isFailure, toFailure, toFinishReason } from './gemini-finish.ts';
import { toLogprobs } from './gemini-logprobs.ts';
import { readParts } from './gemini-parts.ts';
import { toExtraContent } from './gemini-signature.ts';
import type { GeminiAnswer, GeminiCandidate } from './gemini-types.ts';
import { toUsage } from './gemini-usage.ts';
import { toChatResult as toCompatibleResult } from './openai-completion.ts';
import { parseJson } from './parse-json.ts';

export interface AnswerOptions {
  readonly provider: string;
  /** For answers that do not name their model. */
  readonly model: string;
}

/**
 * A finished answer as OpenAI's. A blocked prompt is an answer that was filtered, without content.
 *
 * @throws AppError `server_error` for text that is not such an answer, for no candidate at all, for a candidate that
 * holds nothing and does not say why, and for an answer that came to nothing because the model went wrong; the vendor's
 * own error when the body is one in spite of its status.
 */
export function toChatResult(json: string, options: AnswerOptions): ChatResult {
  const answer = parseAnswer(json, options.provider);
  // Google's OpenAI-compatible surface, and proxies that put one before Gemini, answer in that form.
  if (Array.isArray(answer.choices)) return toCompatibleResult(json, options);
  const candidates = toCandidates(answer).filter((candidate) => candidate !== null);
  const isBlocked = candidates.length === 0 && Boolean(answer.promptFeedback?.blockReason);
  if (candidates.length === 0 && !isBlocked) {
    throw new AppError('server_error', `${options.provider} answered without a candidate.`);
  }
  const choices = candidates.map((candidate, position) => toChoice(candidate, position, options));
  const failed = candidates[0]?.finishReason;
  if (!isBlocked && choices.every((choice, position) => isFailed(choice, candidates[position]))) {
    throw toFailure(options.provider, failed);
  }
  const completion: ChatCompletion = {
    ...toHead(answer, options),
    object: 'chat.completion',
    choices: isBlocked ? [toBlockedChoice()] : choices,
    ...(answer.usageMetadata ? { usage: toUsage(answer.usageMetadata) } : {}),
  };
  return { completion };
}

/** @throws AppError as `toChatResult` does, for a body or an event that is an error or no answer. */
export function parseAnswer(json: string, provider: string): GeminiAnswer {
  const body = parseJson(json, provider);
  // Errors come as a list of one where a list was asked for.
  const answer = Array.isArray(body) ? body[0] : body;
  if (typeof answer !== 'object' || answer === null) {
    throw new AppError('server_error', `${provider} answered with something that is not an answer.`);
  }
  const { error } = answer as GeminiAnswer;
  if (error) throw toErrorInBody(provider, error, json);
  return answer as GeminiAnswer;
}

/** What all of an answer, or all the events of a stream, have in common. */
export function toHead(answer: GeminiAnswer, { model }: AnswerOptions): { id: string; created: number; model: string } {
  const { createTime, modelVersion, responseId } = answer;
  const createdMs = typeof createTime === 'string' ? Date.parse(createTime) : Number.NaN;
  return {
    id: `chatcmpl-${isText(responseId) ? responseId : randomUUID()}`,
    created: Math.floor((Number.isNaN(createdMs) ? Date.now() : createdMs) / 1000),
    model: isText(modelVersion) ? modelVersion : model,
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

export function toCandidates({ candidates }: GeminiAnswer): NonNullable<GeminiAnswer['candidates']> {
  return Array.isArray(candidates) ? candidates : [];
}

function toBlockedChoice(): ChatChoice {
  return {
    index: 0,
    message: { role: 'assistant', content: null, refusal: null },
    finish_reason: 'content_filter',
    logprobs: null,
  };
}

/** Thoughts alone are no answer. */
function isFailed({ message }: ChatChoice, candidate: GeminiCandidate | undefined): boolean {
  const { images } = message as { images?: unknown };
  return isFailure(candidate?.finishReason) && !message.content && !message.tool_calls && !images;
}

function toChoice(candidate: GeminiCandidate, position: number, { provider }: AnswerOptions): ChatChoice {
  const parts = readParts(candidate.content?.parts, { provider, knownIds: new Set() });
  const { text, texts, reasoning, calls, images, signature } = parts;
  const isEmpty = text === '' && reasoning === '' && calls.length === 0 && images.length === 0;
  if (isEmpty && !candidate.finishReason) {
    throw new AppError('server_error', `${provider} answered with an empty candidate.`);
  }
  const annotations = toAnnotations(candidate.groundingMetadata, texts);
  const message = {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    refusal: null,
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(calls.length > 0 ? { tool_calls: [...calls] } : {}),
    ...(images.length > 0 ? { images } : {}),
    ...(annotations.length > 0 ? { annotations } : {}),
    ...(signature === undefined ? {} : toExtraContent(signature)),
  } as ChatChoice['message'];
  return {
    index: position,
    message,
    finish_reason: toFinishReason(candidate.finishReason, calls.length > 0),
    logprobs: toLogprobs(candidate.logprobsResult),
  };
}
