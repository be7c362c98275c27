import type { RetryConfig } from '../config/types.ts';
import { type AppError, type ErrorCode, toAppError } from '../contracts/app-error.ts';

/** Which of the configuration's reasons an error counts as. A network failure is the server's, as far as anyone can tell. */
const REASONS: Readonly<Partial<Record<ErrorCode, RetryConfig['retryOn'][number]>>> = {
  rate_limit: 'rate_limit',
  timeout: 'timeout',
  server_error: 'server_error',
  network: 'server_error',
};

export interface RetryOptions {
  readonly config: RetryConfig;
  /** Milliseconds left until the caller's deadline. Default: no deadline. */
  readonly remainingMs?: () => number;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
  /** Resolves after the time, rejects when the signal is aborted. */
  readonly sleep?: (delayMs: number, signal: AbortSignal) => Promise<void>;
  /** Told before each wait. */
  readonly onRetry?: (error: AppError, attempt: number, delayMs: number) => void;
  /** Errors of a target that is being started: they do not count as attempts, so that the deadline alone ends the wait. */
  readonly isStarting?: (error: AppError) => boolean;
}

/** How calls are made: as they are, again, not at all. Policies nest. */
export type Policy = <T>(operation: (signal: AbortSignal) => Promise<T>, signal: AbortSignal) => Promise<T>;

/**
 * Another attempt for errors that say they are worth one and that the configuration names. The wait grows from
 * `initialBackoffMs` by `multiplier` up to `maxBackoffMs`, spread evenly over half to one and a half of itself so that
 * callers who failed together do not come back together. An upstream's own wait is kept to; one that is longer than
 * `maxBackoffMs`, or any wait that ends after the deadline, ends the attempts at once: another leg can be asked by then.
 */
export function createRetry({
  config,
  remainingMs = () => Number.POSITIVE_INFINITY,
  random = Math.random,
  sleep = sleepFor,
  onRetry,
  isStarting = () => false,
}: RetryOptions): Policy {
  return async (operation, signal) => {
    let left = config.maxAttempts;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await operation(signal);
      } catch (thrown) {
        const error = toAppError(thrown, signal);
        if (!isStarting(error)) left -= 1;
        const delayMs = left > 0 ? waitAfter(error, attempt, config, random) : undefined;
        if (delayMs === undefined || signal.aborted || delayMs >= remainingMs()) throw error;
        onRetry?.(error, attempt, delayMs);
        await sleep(delayMs, signal);
      }
    }
  };
}

/** The wait before the next attempt, or undefined when there should be none. */
function waitAfter(error: AppError, attempt: number, config: RetryConfig, random: () => number): number | undefined {
  const reason = REASONS[error.code];
  if (!error.retryable || reason === undefined || !config.retryOn.includes(reason)) return undefined;
  const backoffMs = Math.min(config.maxBackoffMs, config.initialBackoffMs * config.multiplier ** (attempt - 1));
  const spreadMs = backoffMs * (0.5 + random());
  if (error.retryAfterMs === undefined) return spreadMs;
  return error.retryAfterMs > config.maxBackoffMs ? undefined : Math.max(error.retryAfterMs, spreadMs);
}

/** Resolves after the time, rejects when the signal is aborted; leaves no timer behind. */
export function sleepFor(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(toAppError(signal.reason, signal));
    };
    if (signal.aborted) {
      reject(toAppError(signal.reason, signal));
      return;
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, delayMs);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
