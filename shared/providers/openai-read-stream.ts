import type { AppError } from '../contracts/app-error.ts';
import type { ChatEvent } from '../contracts/chat-provider.ts';
import { type AnswerReader, readAnswerStream } from './answer-stream.ts';
import { toErrorInBody } from './error-in-body.ts';
import { createEventReader, type ServerSentEvent } from './event-reader.ts';
import { parseBody } from './openai-json.ts';
import { type AnswerOptions, createChunkNormalizer } from './openai-stream.ts';
import { isFields } from './openai-usage.ts';
import type { StreamBody } from './stream-body.ts';

const NOTHING: readonly ChatEvent[] = [];

/** The events of a streamed answer of an OpenAI-compatible vendor, one batch per network read. */
export function readOpenAIStream(body: StreamBody, options: AnswerOptions): AsyncIterable<readonly ChatEvent[]> {
  return readAnswerStream(body, createEventReader(), createAnswerReader(options));
}

function createAnswerReader(options: AnswerOptions): AnswerReader<ServerSentEvent> {
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
