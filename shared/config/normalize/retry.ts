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
 * The written block over the default one; the default one itself when nothing is written. A single written bound moves the
 * other's default.
 */
export function normalizeRetry(
  retry: RetryInput | undefined,
  path: string,
  { problems, fallback = DEFAULT_RETRY }: { readonly problems: Problems; readonly fallback?: RetryConfig },
): RetryConfig {
  if (retry === undefined) return fallback;
  const initial = retry.initial_backoff;
  const max = retry.max_backoff;
  if (initial !== undefined && max !== undefined && initial > max) {
    problems.add(`${path}.initial_backoff`, `must not be longer than max_backoff (${initial} ms above ${max} ms)`);
  }
  return {
    maxAttempts: retry.max_attempts ?? fallback.maxAttempts,
    initialBackoffMs: initial ?? Math.min(fallback.initialBackoffMs, max ?? fallback.initialBackoffMs),
    maxBackoffMs: max ?? Math.max(fallback.maxBackoffMs, initial ?? fallback.maxBackoffMs),
    multiplier: retry.multiplier ?? fallback.multiplier,
    retryOn: [...new Set(retry.retry_on ?? fallback.retryOn)],
  };
}
