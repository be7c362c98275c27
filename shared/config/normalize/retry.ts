import { RETRY_REASONS } from '../names.ts';
import type { Problems } from '../problems.ts';
import type { RetryInput } from '../schema/common.ts';
import type { RetryConfig } from '../types.ts';

const DEFAULT_INITIAL_MS = 1_000;
const DEFAULT_MAX_MS = 10_000;

/** Three attempts, waits of 1 s doubling up to 10 s, unless written. A single written bound moves the other's default. */
export function normalizeRetry(retry: RetryInput | undefined, path: string, problems: Problems): RetryConfig {
  const initial = retry?.initial_backoff;
  const max = retry?.max_backoff;
  if (initial !== undefined && max !== undefined && initial > max) {
    problems.add(`${path}.initial_backoff`, `must not be longer than max_backoff (${initial} ms above ${max} ms)`);
  }
  return {
    maxAttempts: retry?.max_attempts ?? 3,
    initialBackoffMs: initial ?? Math.min(DEFAULT_INITIAL_MS, max ?? DEFAULT_INITIAL_MS),
    maxBackoffMs: max ?? Math.max(DEFAULT_MAX_MS, initial ?? DEFAULT_MAX_MS),
    multiplier: retry?.multiplier ?? 2,
    retryOn: [...new Set(retry?.retry_on ?? RETRY_REASONS)],
  };
}
