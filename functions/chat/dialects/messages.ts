import { toTokenCount } from '../../../shared/http/dialects/messages-count.ts';
import { createMessagesFormat } from '../../../shared/http/dialects/messages-format.ts';
import { toChatBody } from '../../../shared/http/dialects/messages-request.ts';
import { countTokensSchema, messagesSchema } from '../../../shared/http/schemas/messages-schema.ts';
import { parseRequest } from '../../../shared/http/validation.ts';
import type { Dialect } from './dialect.ts';

export const messages: Dialect = (json) => {
  const request = parseRequest(messagesSchema, json);
  return { body: toChatBody(request), format: createMessagesFormat(request) };
};

/** @param assertAllowed called with the model before anything is counted. */
export function countTokens(json: unknown, assertAllowed: (model: string) => void): ReturnType<typeof toTokenCount> {
  const request = parseRequest(countTokensSchema, json);
  assertAllowed(request.model);
  return toTokenCount(request);
}
