import { createResponsesFormat } from '../../../shared/http/dialects/responses-format.ts';
import { toChatBody } from '../../../shared/http/dialects/responses-request.ts';
import { responsesSchema } from '../../../shared/http/schemas/responses-schema.ts';
import { parseRequest } from '../../../shared/http/validation.ts';
import type { Dialect } from './dialect.ts';

export const responses: Dialect = (json) => {
  const request = parseRequest(responsesSchema, json);
  return { body: toChatBody(request), format: createResponsesFormat(request) };
};
