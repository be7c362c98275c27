import { AppError, type ErrorCode, toAppError } from '../contracts/app-error.ts';

/** One leg that was tried, as answers and logs report it. */
export interface Attempt {
  readonly provider: string;
  readonly model: string;
  /** Why the leg failed; absent on the one that answered. */
  readonly code?: ErrorCode;
  readonly latency_ms: number;
}

/** Failures that the same request would meet on every leg. Anything else is worth the next one. */
const FINAL: ReadonlySet<ErrorCode> = new Set(['invalid_request', 'too_large', 'content_filtered', 'cancelled']);

const LIMITS: ReadonlySet<ErrorCode> = new Set(['rate_limit', 'quota_exceeded']);

export interface CascadeOptions<Leg extends { readonly provider: string; readonly model: string }, Result> {
  /** In the order in which they are tried; at least one. */
  readonly legs: readonly Leg[];
  readonly call: (leg: Leg, signal: AbortSignal) => Promise<Result>;
  readonly signal: AbortSignal;
  /**
   * Tokens of prompt and answer a leg has room for; undefined when nobody knows. After a leg found the request too long,
   * legs that are known to have no more room are passed over.
   */
  readonly windowOf?: (leg: Leg) => number | undefined;
  /** Told of each leg that failed, for logs and metrics; the error holds what the attempt does not say. */
  readonly onFailure?: (leg: Leg, error: AppError) => void;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
}

export interface CascadeResult<Leg, Result> {
  readonly leg: Leg;
  readonly result: Result;
  readonly attempts: readonly Attempt[];
}

/**
 * Tries each leg in turn until one answers. `call` resolves at the commit point: the answer, or a stream whose first
 * output is there; from then on no other leg is ever tried.
 *
 * @throws AppError of the leg, when no other leg could do better: the caller's own mistake or its departure. When all
 * legs failed: the signal's reason when that ended it, `rate_limit` when limits were all there was, the common code when
 * they agree that the request does not fit or that the service is set up wrongly, else `server_error` naming the code of
 * each leg; `details.attempts` lists them.
 */
export async function cascade<Leg extends { readonly provider: string; readonly model: string }, Result>({
  legs,
  call,
  signal,
  windowOf = () => undefined,
  onFailure,
  now = () => performance.now(),
}: CascadeOptions<Leg, Result>): Promise<CascadeResult<Leg, Result>> {
  const attempts: Attempt[] = [];
  const errors: AppError[] = [];
  let tooSmall = Number.NEGATIVE_INFINITY;
  for (const leg of legs) {
    const { provider, model } = leg;
    const window = windowOf(leg);
    if (window !== undefined && window <= tooSmall) continue;
    const startedAt = now();
    try {
      const result = await call(leg, signal);
      attempts.push({ provider, model, latency_ms: Math.round(now() - startedAt) });
      return { leg, result, attempts };
    } catch (thrown) {
      const error = toAppError(thrown, signal);
      attempts.push({ provider, model, code: error.code, latency_ms: Math.round(now() - startedAt) });
      errors.push(error);
      onFailure?.(leg, error);
      if (error.code === 'context_length_exceeded') tooSmall = Math.max(tooSmall, window ?? tooSmall);
      if (FINAL.has(error.code) || signal.aborted) break;
    }
  }
  throw toFinalError(errors, attempts, signal);
}

/** Codes that mean the same to the caller whichever leg says them, when all of them do. */
const SHARED: ReadonlySet<ErrorCode> = new Set([
  'model_not_found',
  'context_length_exceeded',
  'unsupported',
  'timeout',
  'configuration',
  'blocked_url',
  'invalid_output',
  'quota_exceeded',
]);

function toFinalError(errors: readonly AppError[], attempts: readonly Attempt[], signal: AbortSignal): AppError {
  const last = errors.at(-1);
  if (!last) return new AppError('configuration', 'There is no provider to ask.');
  const details = { attempts };
  if (FINAL.has(last.code) && last.code !== 'cancelled') return withDetails(last, details);
  // What a leg says about an abort is the transport's view of it; the signal knows who gave up, and why.
  if (signal.aborted) return withDetails(toAppError(signal.reason, signal), details);
  if (FINAL.has(last.code)) return withDetails(last, details);
  const legs = attempts.map(({ provider, model, code }) => `${provider}/${model}: ${code}`).join('; ');
  if (SHARED.has(last.code) && errors.every(({ code }) => code === last.code)) {
    return withDetails(last, details);
  }
  if (errors.every(({ code }) => LIMITS.has(code))) {
    const waits = errors.map(({ retryAfterMs }) => retryAfterMs).filter((wait) => wait !== undefined);
    return new AppError('rate_limit', `Every provider refused by its limits (${legs}).`, {
      details,
      cause: last,
      ...(waits.length > 0 ? { retryAfterMs: Math.min(...waits) } : {}),
    });
  }
  return new AppError('server_error', `No provider could answer (${legs}).`, {
    details,
    cause: last,
    retryable: errors.some(({ retryable }) => retryable),
  });
}

function withDetails(error: AppError, details: Readonly<Record<string, unknown>>): AppError {
  return new AppError(error.code, error.message, {
    retryable: error.retryable,
    details,
    cause: error.cause ?? error,
    ...(error.param === undefined ? {} : { param: error.param }),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    ...(error.upstreamStatus === undefined ? {} : { upstreamStatus: error.upstreamStatus }),
  });
}
