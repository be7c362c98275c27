import { RETRY_REASONS } from '../names.ts';
import type { Problems } from '../problems.ts';
import type { RetryInput } from '../schema/common.ts';
import type { RetryConfig } from '../types.ts';

/** What holds where nothing is written: three attempts, waits of 1 s doubling up to 10 s. */
export const DEFAULT_RETRY: RetryConfig = {
  maxAttempts: 3,
  initialBackoffMs: 1_000,
  maxBackoffMs: 10_000,
  multiplier: 2,
  retryOn: RETRY_REASONS,
};

/**
 * The written block over the default one; `DEFAULT_RETRY` itself when nothing is written. A single written bound moves the
 * other's default.
 */
export function normalizeRetry(retry: RetryInput | undefined, path: string, problems: Problems): RetryConfig {
  if (retry === undefined) return DEFAULT_RETRY;
  const initial = retry.initial_backoff;
  const max = retry.max_backoff;
  if (initial !== undefined && max !== undefined && initial > max) {
    problems.add(`${path}.initial_backoff`, `must not be longer than max_backoff (${initial} ms above ${max} ms)`);
  }
  return {
    maxAttempts: retry.max_attempts ?? DEFAULT_RETRY.maxAttempts,
    initialBackoffMs: initial ?? Math.min(DEFAULT_RETRY.initialBackoffMs, max ?? DEFAULT_RETRY.initialBackoffMs),
    maxBackoffMs: max ?? Math.max(DEFAULT_RETRY.maxBackoffMs, initial ?? DEFAULT_RETRY.maxBackoffMs),
    multiplier: retry.multiplier ?? DEFAULT_RETRY.multiplier,
    retryOn: [...new Set(retry.retry_on ?? DEFAULT_RETRY.retryOn)],
  };
}
