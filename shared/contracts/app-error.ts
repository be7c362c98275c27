/**
 * The one error class of the project.
 *
 * `message` is written for the caller of the HTTP surface: it names the cure and holds no prompt, key, internal
 * address or upstream body. Whatever must stay inside travels in `cause`, which only logs may look at.
 */

export const ERROR_CODES = [
  'invalid_request',
  'authentication',
  'permission',
  'model_not_found',
  'not_found',
  'too_large',
  'context_length_exceeded',
  'unsupported',
  'content_filtered',
  'rate_limit',
  'quota_exceeded',
  'budget_exceeded',
  'timeout',
  'network',
  'server_error',
  'overloaded',
  'invalid_output',
  'configuration',
  'blocked_url',
  'cancelled',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** Codes that are worth another attempt at the same target unless the thrower knows better. */
const RETRYABLE: ReadonlySet<ErrorCode> = new Set(['rate_limit', 'timeout', 'network', 'server_error', 'overloaded']);

export interface ConsumedTokens {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

export interface AppErrorOptions {
  /** Another attempt at the same target may succeed. Default: decided by the code. */
  readonly retryable?: boolean | undefined;
  /** How long the upstream asked us to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** The request field or configuration path at fault, e.g. `messages[0].role`. */
  readonly param?: string | undefined;
  /** HTTP status the upstream answered with; for logs and attempts, never a decision by itself. */
  readonly upstreamStatus?: number | undefined;
  /** Tokens that were used up before it failed, and are paid for. */
  readonly usage?: ConsumedTokens | undefined;
  /** Facts for the caller beside the message, as safe as the message: the legs that were tried, the ids that failed. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
}

export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly param: string | undefined;
  readonly upstreamStatus: number | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly usage: ConsumedTokens | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? RETRYABLE.has(code);
    this.retryAfterMs = options.retryAfterMs;
    this.param = options.param;
    this.upstreamStatus = options.upstreamStatus;
    this.details = options.details;
    this.usage = options.usage;
  }
}

/** The same error, of work for which input tokens were used up before. @param tokens whole number. */
export function withUsage(error: AppError, tokens: number): AppError {
  return new AppError(error.code, error.message, {
    ...error,
    cause: error.cause,
    usage: { prompt_tokens: tokens, completion_tokens: 0, total_tokens: tokens },
  });
}

/**
 * Anything thrown, as an AppError. An abort becomes `cancelled` (or the AppError it was aborted with); an unknown
 * exception becomes `server_error` with a neutral text, its details kept in `cause`.
 */
export function toAppError(error: unknown, signal?: AbortSignal): AppError {
  if (error instanceof AppError) return error;
  if (signal?.aborted) {
    return signal.reason instanceof AppError
      ? signal.reason
      : new AppError('cancelled', 'The request was cancelled.', { cause: error });
  }
  return new AppError('server_error', 'An internal error occurred.', { retryable: false, cause: error });
}
