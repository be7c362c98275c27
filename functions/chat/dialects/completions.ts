import { createCompletionsFormat } from '../../../shared/http/dialects/completions-format.ts';
import { toChatBody } from '../../../shared/http/dialects/completions-request.ts';
import { completionsSchema } from '../../../shared/http/schemas/completions-schema.ts';
import { parseRequest } from '../../../shared/http/validation.ts';
import type { Dialect } from './dialect.ts';

export const completions: Dialect = (json) => {
  const request = parseRequest(completionsSchema, json);
  return { body: toChatBody(request), format: createCompletionsFormat(request) };
};
