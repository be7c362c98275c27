import type { AppError } from '../contracts/app-error.ts';
import type { ChatBatch, ChatEvent } from '../contracts/chat-provider.ts';
import { readAnswerStream } from './answer-stream.ts';
import { toErrorInBody } from './error-in-body.ts';
import { createEventReader } from './event-reader.ts';
import { parseBody } from './openai-json.ts';
import { type AnswerOptions, createChunkNormalizer } from './openai-stream.ts';
import { isFields } from './openai-usage.ts';
import type { StreamBody } from './stream-body.ts';
import { type EventAnswerReader, translateEvents } from './translate-events.ts';

const NOTHING: readonly ChatEvent[] = [];

/** The events of a streamed answer of an OpenAI-compatible vendor, one batch per network read. */
export function readOpenAIStream(body: StreamBody, options: AnswerOptions): AsyncIterable<ChatBatch> {
  return readAnswerStream(body, translateEvents(createEventReader(), createAnswerReader(options)));
}

function createAnswerReader(options: AnswerOptions): EventAnswerReader {
  const normalizer = createChunkNormalizer(options);
  let isDone = false;
  return {
    push({ event, data }) {
      const text = data.trim();
      if (text === '[DONE]') isDone = true;
      if (isDone || text === '') return NOTHING;
      if (event === 'error') throw toNamedError(data, options.provider);
      return normalizer.push(data);
    },
    end: () => normalizer.end(),
    get pattern() {
      return normalizer.pattern;
    },
    get complete() {
      return normalizer.complete;
    },
    get done() {
      return isDone;
    },
  };
}

/** An event that its name calls an error; its data need not look like one. */
function toNamedError(data: string, provider: string): AppError {
  const body = parseBody(data, provider);
  return toErrorInBody(provider, isFields(body.error) ? body.error : body, data);
}
