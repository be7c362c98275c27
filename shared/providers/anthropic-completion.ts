import { randomUUID } from 'node:crypto';
import type Anthropic from '@anthropic-ai/sdk';
import { AppError } from '../contracts/app-error.ts';
import type { ChatChoice, ChatResult, ThinkingBlock } from '../contracts/chat-provider.ts';
import {
  type Annotation,
  toAnnotation,
  toCallHead,
  toFinishReason,
  toStopSequence,
  toText,
  toUsage,
} from './anthropic-answer.ts';
import { toErrorInBody } from './error-in-body.ts';
import { parseJson } from './parse-json.ts';

export interface AnswerOptions {
  readonly model: string;
  /** The tool whose input is the answer's text. */
  readonly responseTool?: string;
  /** The caller's names of tools that were sent under others, by those. */
  readonly toolNames?: ReadonlyMap<string, string>;
}

type LooseMessage = { readonly [Field in keyof Anthropic.Message]?: Anthropic.Message[Field] | null };

/**
 * A Messages answer as OpenAI's completion. Tools that the vendor runs itself leave their text alone behind.
 * @throws AppError `server_error` for text that is not a message; the vendor's own error when the body is one.
 */
export function toChatResult(json: string, options: AnswerOptions): ChatResult {
  const message = parseMessage(json);
  return {
    completion: {
      id: toText(message.id) || `chatcmpl-${randomUUID()}`,
      object: 'chat.completion',
      created: Math.floor(Date.now() / 1000),
      model: toText(message.model) || options.model,
      choices: [toChoice(message, options)],
      ...(message.usage ? { usage: toUsage(message.usage) } : {}),
    },
  };
}

function parseMessage(json: string): LooseMessage {
  const body = parseJson(json, 'anthropic');
  const { error, content } = (body ?? {}) as { error?: unknown; content?: unknown };
  if (error) throw toErrorInBody('anthropic', error, json);
  if (!Array.isArray(content)) {
    throw new AppError('server_error', 'anthropic answered with something that is not a message.');
  }
  return body as LooseMessage;
}

function toChoice(message: LooseMessage, { responseTool, toolNames }: AnswerOptions): ChatChoice {
  let text = '';
  let reasoning = '';
  let structured: string | undefined;
  const thinking: ThinkingBlock[] = [];
  const annotations: Annotation[] = [];
  const calls: NonNullable<ChatChoice['message']['tool_calls']> = [];
  for (const block of message.content as readonly Anthropic.ContentBlock[]) {
    switch (block?.type) {
      case 'text': {
        const start = text.length;
        text += toText(block.text);
        const range = { start, end: text.length };
        for (const citation of Array.isArray(block.citations) ? block.citations : []) {
          const annotation = toAnnotation(citation, range);
          if (annotation) annotations.push(annotation);
        }
        break;
      }
      case 'thinking':
        reasoning += toText(block.thinking);
        thinking.push({ type: 'thinking', thinking: toText(block.thinking), signature: toText(block.signature) });
        break;
      case 'redacted_thinking':
        thinking.push({ type: 'redacted_thinking', data: toText(block.data) });
        break;
      case 'tool_use': {
        const input = JSON.stringify(block.input ?? {});
        if (block.name === responseTool) structured ??= input;
        else {
          const { id, name } = toCallHead(block, toolNames);
          calls.push({ id, type: 'function', function: { name, arguments: input } });
        }
        break;
      }
      default:
    }
  }
  const content = structured ?? (text === '' && calls.length > 0 ? null : text);
  return {
    index: 0,
    message: {
      role: 'assistant',
      content,
      refusal: null,
      ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
      ...(thinking.length > 0 ? { thinking_blocks: thinking } : {}),
      ...(annotations.length > 0 ? { annotations } : {}),
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
    },
    logprobs: null,
    finish_reason: toFinishReason(message.stop_reason, calls.length > 0),
    ...toStopSequence(message),
  };
}
