import { createChatCompletionsFormat } from '../../../shared/http/dialects/chat-completions-format.ts';
import { chatSchema } from '../../../shared/http/schemas/chat-schema.ts';
import { parseRequest } from '../../../shared/http/validation.ts';
import type { Dialect } from './dialect.ts';

export const chatCompletions: Dialect = (json) => {
  const body = parseRequest(chatSchema, json);
  return { body, format: createChatCompletionsFormat({ includeUsage: body.stream_options?.include_usage === true }) };
};
