import { describe, expect, it } from 'vitest';
import type { RetryConfig } from '../../../shared/config/types.ts';
import { AppError, type ErrorCode } from '../../../shared/contracts/app-error.ts';
import { createRetry } from '../../../shared/resilience/retry.ts';

const CONFIG: RetryConfig = {
  maxAttempts: 3,
  initialBackoffMs: 1_000,
  maxBackoffMs: 10_000,
  multiplier: 2,
  retryOn: ['rate_limit', 'timeout', 'server_error'],
};

/** Runs an operation that fails with each error in turn, then succeeds; gives the waits and the number of calls. */
async function run(
  errors: readonly AppError[],
  options: {
    config?: Partial<RetryConfig>;
    random?: () => number;
    remainingMs?: () => number;
    isStarting?: (error: AppError) => boolean;
  } = {},
) {
  const waits: number[] = [];
  let calls = 0;
  const retry = createRetry({
    config: { ...CONFIG, ...options.config },
    random: options.random ?? (() => 0.5),
    sleep: async (delayMs) => {
      waits.push(delayMs);
    },
    ...(options.remainingMs === undefined ? {} : { remainingMs: options.remainingMs }),
    ...(options.isStarting === undefined ? {} : { isStarting: options.isStarting }),
  });
  const result = await retry(async () => {
    const error = errors[calls];
    calls += 1;
    if (error) throw error;
    return 'done';
  }, new AbortController().signal).catch((error: unknown) => error);
  return { waits, calls, result };
}

const limited = (retryAfterMs?: number) =>
  new AppError('rate_limit', 'slow down', retryAfterMs === undefined ? {} : { retryAfterMs });
const failing = (count: number, code: ErrorCode = 'server_error') =>
  Array.from({ length: count }, () => new AppError(code, 'failed'));

describe('retry', () => {
  it('waits longer each time and then succeeds', async () => {
    expect(await run([limited(), limited()])).toEqual({ waits: [1_000, 2_000], calls: 3, result: 'done' });
  });

  it('gives up with the last error after the last attempt', async () => {
    const { waits, calls, result } = await run(failing(5, 'rate_limit'));
    expect({ waits, calls }).toEqual({ waits: [1_000, 2_000], calls: 3 });
    expect(result).toMatchObject({ code: 'rate_limit' });
  });

  it('does not count the attempts at a target that is being started', async () => {
    const starting = failing(7).map(({ message }) => new AppError('server_error', message, { upstreamStatus: 503 }));
    const isStarting = ({ upstreamStatus }: AppError) => upstreamStatus === 503;
    const { waits, result } = await run(starting, { isStarting });
    expect(result).toBe('done');
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000]);
    // Other failures count as ever, and the deadline ends the wait.
    expect((await run([...starting.slice(0, 2), ...failing(5)], { isStarting })).calls).toBe(5);
    let leftMs = 20_000;
    const ended = await run(starting, { isStarting, remainingMs: () => (leftMs -= 5_000) });
    expect(ended.result).toMatchObject({ upstreamStatus: 503 });
    expect(ended.calls).toBe(4);
  });

  it('never waits longer than the largest backoff', async () => {
    const { waits } = await run(failing(6), { config: { maxAttempts: 6 } });
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 10_000]);
  });

  it('spreads the first wait over half to one and a half of itself', async () => {
    const samples = await Promise.all(
      Array.from({ length: 1_000 }, async (_, at) => {
        const { waits } = await run([limited()], { random: () => at / 1_000 });
        return waits[0] as number;
      }),
    );
    expect(Math.min(...samples)).toBe(500);
    expect(Math.max(...samples)).toBeLessThan(1_500);
    expect(new Set(samples).size).toBe(1_000);
  });

  it('waits at least as long as the upstream asks', async () => {
    expect((await run([limited(7_000)])).waits).toEqual([7_000]);
  });

  it('gives up at once when the upstream asks for more than the largest backoff', async () => {
    expect(await run([limited(60_000)])).toMatchObject({ waits: [], calls: 1, result: { code: 'rate_limit' } });
  });

  it('gives up at once when the wait would end after the deadline', async () => {
    const { waits, calls } = await run(failing(3), { remainingMs: () => 900 });
    expect({ waits, calls }).toEqual({ waits: [], calls: 1 });
  });

  it('retries only what the configuration names', async () => {
    expect((await run(failing(1), { config: { retryOn: ['rate_limit'] } })).calls).toBe(1);
    expect((await run(failing(1, 'timeout'), { config: { retryOn: ['timeout'] } })).calls).toBe(2);
    expect((await run(failing(1, 'network'), { config: { retryOn: ['server_error'] } })).calls).toBe(2);
  });

  it.each<ErrorCode>([
    'invalid_request',
    'authentication',
    'permission',
    'model_not_found',
    'quota_exceeded',
    'content_filtered',
    'cancelled',
    'context_length_exceeded',
  ])('never repeats %s', async (code) => {
    expect((await run(failing(1, code))).calls).toBe(1);
  });

  it('believes an error that says it is not worth repeating', async () => {
    expect((await run([new AppError('network', 'bad certificate', { retryable: false })])).calls).toBe(1);
  });

  it('stops waiting when the caller goes away', async () => {
    const caller = new AbortController();
    const retry = createRetry({ config: CONFIG, onRetry: () => caller.abort(new AppError('cancelled', 'gone')) });
    const result = retry(() => Promise.reject(limited()), caller.signal);
    await expect(result).rejects.toMatchObject({ code: 'cancelled' });
  });
});
