import { randomUUID } from 'node:crypto';
import { AppError } from '../contracts/app-error.ts';
import type { ChatResult } from '../contracts/chat-provider.ts';
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
import { toChatResult as toCompatibleResult } from './openai-completion.ts';

/**
 * A whole answer of `POST /api/chat` or `/api/generate` as OpenAI's completion.
 * @throws AppError `server_error` for text that is not such an answer or not a finished one; the server's own error when
 * the body is one; `unsupported` when log probabilities were asked for and left out.
 */
export function toChatResult(json: string, { model, logprobs: wantsLogprobs = false }: AnswerOptions): ChatResult {
  const answer = parseAnswer(json);
  // Proxies that put OpenAI's surface before Ollama answer in that form.
  if (Array.isArray(answer.choices)) return toCompatibleResult(json, { provider: 'ollama', model });
  const { done } = answer;
  const message = messageOf(answer);
  if (message === undefined) throw new AppError('server_error', 'ollama answered without a message.');
  if (done === false) throw new AppError('server_error', 'ollama answered with an unfinished message.');
  const text = toText(message.content);
  const reasoning = toText(message.thinking);
  const calls = toFunctionCalls(message.tool_calls, new Set());
  const logprobs = wantsLogprobs ? toLogprobs(answer) : null;
  if (wantsLogprobs && logprobs === null && text !== '') throw missingLogprobs();
  return {
    completion: {
      id: `chatcmpl-${randomUUID()}`,
      object: 'chat.completion',
      created: toCreated(answer),
      model: toText(answer.model) || model,
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: text === '' && calls.length > 0 ? null : text,
            refusal: null,
            ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
            ...(calls.length > 0 ? { tool_calls: calls } : {}),
          },
          logprobs,
          finish_reason: toFinishReason(answer.done_reason, calls.length > 0),
        },
      ],
      usage: toUsage(answer),
    },
  };
}
