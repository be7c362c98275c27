import { AppError, type ErrorCode } from '../contracts/app-error.ts';

interface ErrorShape {
  readonly status: number;
  /** OpenAI's `error.type`. */
  readonly type: string;
  /** OpenAI's `error.code`, where it differs from ours. */
  readonly code?: string;
}

/** How each error looks to a caller. `configuration` is the operator's to mend: the caller learns that and no more. */
const SHAPES: Readonly<Record<ErrorCode, ErrorShape>> = {
  invalid_request: { status: 400, type: 'invalid_request_error' },
  authentication: { status: 401, type: 'authentication_error', code: 'invalid_api_key' },
  permission: { status: 403, type: 'permission_error' },
  model_not_found: { status: 404, type: 'invalid_request_error' },
  not_found: { status: 404, type: 'invalid_request_error' },
  too_large: { status: 413, type: 'invalid_request_error' },
  context_length_exceeded: { status: 400, type: 'invalid_request_error' },
  unsupported: { status: 400, type: 'invalid_request_error' },
  content_filtered: { status: 400, type: 'invalid_request_error', code: 'content_filter' },
  rate_limit: { status: 429, type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  quota_exceeded: { status: 429, type: 'rate_limit_error', code: 'insufficient_quota' },
  budget_exceeded: { status: 429, type: 'rate_limit_error' },
  timeout: { status: 504, type: 'server_error' },
  network: { status: 503, type: 'server_error' },
  server_error: { status: 503, type: 'server_error' },
  overloaded: { status: 503, type: 'server_error' },
  invalid_output: { status: 502, type: 'server_error' },
  configuration: { status: 500, type: 'server_error' },
  blocked_url: { status: 500, type: 'server_error' },
  cancelled: { status: 499, type: 'server_error' },
};

/** OpenAI's error body (https://platform.openai.com/docs/guides/error-codes). */
export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
  };
  /** What Sluice adds, e.g. the `attempts` that failed. */
  readonly sluice?: Readonly<Record<string, unknown>>;
}

export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ErrorBody;
}

/** The HTTP answer for an error. An error may state a status of its own, as a 405 or a 415 does. */
export function toErrorAnswer(error: AppError): ErrorAnswer {
  const shape = SHAPES[error.code];
  const status =
    error instanceof HttpError ? error.status : isInternal(error) ? 500 : isUnready(error) ? 503 : shape.status;
  const retryAfter = error.retryAfterMs;
  return {
    status,
    headers: {
      ...(error instanceof HttpError ? error.headers : {}),
      // Clients of OpenAI and Anthropic repeat every 429 and 5xx by themselves unless they are told not to.
      ...(!error.retryable && (status === 429 || status >= 500) ? { 'x-should-retry': 'false' } : {}),
      ...(retryAfter === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(retryAfter / 1000))) }),
    },
    body: toErrorBody(error),
  };
}

export function toErrorBody(error: AppError): ErrorBody {
  const shape = SHAPES[error.code];
  if (error.code === 'configuration') {
    // Message, path and facts are written for the operator and go to the log.
    const message = isUnready(error)
      ? 'The service is not ready for this request yet: its operator has something to finish.'
      : 'The service is not configured correctly.';
    return { error: { message, type: shape.type, param: null, code: error.code } };
  }
  return {
    error: {
      message: error.message,
      type: shape.type,
      param: error.param ?? null,
      code: shape.code ?? error.code,
    },
    ...(error.details === undefined ? {} : { sluice: error.details }),
  };
}

/** A refusal by the HTTP surface itself, where the code alone does not decide the status. */
export class HttpError extends AppError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: ErrorCode,
    message: string,
    { headers = {}, ...options }: { headers?: Record<string, string>; param?: string; retryAfterMs?: number } = {},
  ) {
    super(code, message, options);
    this.status = status;
    this.headers = headers;
  }
}

/** `server_error` that no upstream caused is our own fault: 500, not 503. One that tried some was caused by them. */
function isInternal({ code, upstreamStatus, retryable, details }: AppError): boolean {
  return code === 'server_error' && upstreamStatus === undefined && !retryable && details?.attempts === undefined;
}

/** A fault of the configuration that ends without a deployment, such as an index that is being built. */
function isUnready({ code, retryable }: AppError): boolean {
  return code === 'configuration' && retryable;
}
