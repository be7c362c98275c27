import type { AppError } from '../contracts/app-error.ts';
import { toUpstreamError } from '../resilience/upstream-error.ts';

/** What vendors write in the `type` or `code` of an error that arrives inside a 200, and the status it stands for. */
const STATUS_BY_WORD: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  bad_request: 400,
  badrequesterror: 400,
  invalid_argument: 400,
  context_length_exceeded: 400,
  authentication_error: 401,
  invalid_api_key: 401,
  unauthenticated: 401,
  insufficient_balance: 402,
  billing_error: 402,
  permission_error: 403,
  permission_denied: 403,
  not_found: 404,
  not_found_error: 404,
  model_not_found: 404,
  request_too_large: 413,
  validation: 422,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  insufficient_quota: 429,
  resource_exhausted: 429,
  too_many_requests: 429,
  overloaded: 429,
  api_error: 500,
  server_error: 500,
  overloaded_error: 529,
  timeout_error: 504,
};

/**
 * The error object that a vendor put inside a 200, in a stream or not, as the error its status would have been. The
 * number in `code` or `status` decides when it is an HTTP status, then the word in `type`, `code` or `status`.
 */
export function toErrorInBody(provider: string, error: unknown, body: string): AppError {
  return toUpstreamError({ provider, status: statusOf(error), body, headers: { get: () => null } });
}

/**
 * The error in a body that should have been an answer: `{error: {…}}`, `{error: "…", error_type}` (Text Generation
 * Inference), `{object: "error", …}` (vLLM), `{type: "error", …}`. Undefined when there is none.
 */
export function findErrorInBody(body: Readonly<Record<string, unknown>>): unknown {
  if (body.error) return typeof body.error === 'object' ? body.error : body;
  return body.object === 'error' || body.type === 'error' ? body : undefined;
}

function statusOf(error: unknown): number {
  if (typeof error !== 'object' || error === null) return 500;
  const fields = error as Record<string, unknown>;
  for (const value of [fields.code, fields.status, fields.status_code, fields.http_status_code]) {
    const status = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value;
    if (typeof status === 'number' && Number.isInteger(status) && status >= 400 && status < 600) return status;
  }
  for (const value of [fields.code, fields.type, fields.status, fields.error_type]) {
    const word = typeof value === 'string' ? value.toLowerCase() : '';
    if (Object.hasOwn(STATUS_BY_WORD, word)) return STATUS_BY_WORD[word] as number;
  }
  return 500;
}
