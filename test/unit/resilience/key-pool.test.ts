import { describe, expect, it } from 'vitest';
import { type SecretValue, toSecretValue } from '../../../shared/config/secret-value.ts';
import type { RetryConfig } from '../../../shared/config/types.ts';
import { AppError, type ErrorCode } from '../../../shared/contracts/app-error.ts';
import { createKeyPool, type KeyPoolOptions } from '../../../shared/resilience/key-pool.ts';
import { createRetry } from '../../../shared/resilience/retry.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

const KEYS = ['sk-first', 'sk-second', 'secret://THIRD'].map(toSecretValue);
const nameOf = (key: SecretValue | undefined): string =>
  key === undefined ? 'none' : 'value' in key ? key.value.replace('sk-', '') : key.secret.toLowerCase();

/** A pool whose upstream refuses each key as `refusals` says at the time of the call. */
function setUp(count = 2, options: KeyPoolOptions = {}) {
  const clock = createFakeClock();
  const pool = createKeyPool({ now: clock.now, ...options });
  const refusals: Record<string, AppError | undefined> = {};
  const used: string[] = [];
  const policy = (target = 'openai', keys: readonly SecretValue[] = KEYS.slice(0, count)) => pool.for(target, keys);
  const operation = async (key: SecretValue | undefined): Promise<string> => {
    const name = nameOf(key);
    used.push(name);
    if (refusals[name]) throw refusals[name];
    return name;
  };
  const call = (target?: string, keys?: readonly SecretValue[]): Promise<string | AppError> =>
    policy(target, keys)(operation, new AbortController().signal).catch((error: AppError) => error);
  /** Names of the keys the upstream saw since the last look. */
  const seen = () => used.splice(0);
  return { clock, refusals, call, seen, policy, operation };
}

const refusal = (code: ErrorCode, retryAfterMs?: number): AppError =>
  new AppError(code, 'refused', retryAfterMs === undefined ? {} : { retryAfterMs });

describe('key pool', () => {
  it('takes the keys in turn', async () => {
    const { call, seen } = setUp(3);
    for (let index = 0; index < 5; index += 1) await call();
    expect(seen()).toEqual(['first', 'second', 'third', 'first', 'second']);
  });

  it('spreads calls evenly over the keys that do not rest', async () => {
    const { call, seen, refusals } = setUp(3);
    refusals.first = refusal('rate_limit', 60_000);
    for (let index = 0; index < 5; index += 1) await call();
    expect(seen()).toEqual(['first', 'second', 'third', 'second', 'third', 'second']);
  });

  it.each<{ code: ErrorCode; retryAfterMs?: number; restMs: number }>([
    { code: 'rate_limit', retryAfterMs: 7_000, restMs: 7_000 },
    { code: 'rate_limit', restMs: 60_000 },
    { code: 'rate_limit', retryAfterMs: 1e15, restMs: 24 * 3_600_000 },
    { code: 'quota_exceeded', restMs: 3_600_000 },
    { code: 'quota_exceeded', retryAfterMs: 20_000, restMs: 3_600_000 },
    { code: 'authentication', restMs: 300_000 },
  ])(
    'goes on with the next key at once after $code ($retryAfterMs) and rests the first for $restMs ms',
    async (row) => {
      const { clock, call, seen, refusals } = setUp();
      refusals.first = refusal(row.code, row.retryAfterMs);
      expect(await call()).toBe('second');
      expect(seen()).toEqual(['first', 'second']);
      refusals.first = undefined;
      await clock.pass(row.restMs - 1);
      for (let index = 0; index < 4; index += 1) await call();
      expect(new Set(seen())).toEqual(new Set(['second']));
      await clock.pass(1);
      for (let index = 0; index < 4; index += 1) await call();
      expect(new Set(seen())).toEqual(new Set(['first', 'second']));
    },
  );

  it.each<ErrorCode>(['server_error', 'timeout', 'network', 'permission', 'invalid_request', 'cancelled'])(
    'neither tries another key nor rests one after %s',
    async (code) => {
      const { call, seen, refusals } = setUp();
      refusals.first = refusal(code);
      expect(await call()).toBe(refusals.first);
      await call();
      await call();
      expect(seen()).toEqual(['first', 'second', 'first']);
    },
  );

  it('names the shortest wait when every key is limited, and asks nobody before it is over', async () => {
    const { clock, call, seen, refusals } = setUp();
    refusals.first = refusal('rate_limit', 5_000);
    refusals.second = refusal('rate_limit', 60_000);
    expect(await call()).toMatchObject({ code: 'rate_limit', retryAfterMs: 5_000, retryable: true });
    expect(seen()).toEqual(['first', 'second']);
    await clock.pass(2_000);
    const refused = (await call()) as AppError;
    expect(refused).toMatchObject({ code: 'rate_limit', retryAfterMs: 3_000 });
    expect(refused.message).toMatch(/may be used in 3 s/);
    expect(refused.message).not.toMatch(/first|second|sk-/);
    expect(seen()).toEqual([]);
    await clock.pass(3_000);
    refusals.first = undefined;
    expect(await call()).toBe('first');
  });

  it('tries the key that rests by our own guess when there is no other, one for each call', async () => {
    const { clock, call, seen, refusals } = setUp();
    const [first, second] = [refusal('authentication'), refusal('quota_exceeded')];
    Object.assign(refusals, { first, second });
    expect(await call()).toBe(first);
    await clock.pass(1_000);
    expect(seen()).toEqual(['first', 'second']);
    expect(await call()).toBe(first);
    refusals.first = undefined;
    expect(await call()).toBe('first');
    expect(await call()).toBe('first');
    expect(seen()).toEqual(['first', 'first', 'first']);
  });

  it('leaves waiting to the retries: two limited keys get the attempts that one would', async () => {
    const { clock, seen, refusals, policy, operation } = setUp();
    Object.assign(refusals, { first: refusal('rate_limit'), second: refusal('rate_limit') });
    const config: RetryConfig = {
      maxAttempts: 3,
      initialBackoffMs: 1_000,
      maxBackoffMs: 10_000,
      multiplier: 2,
      retryOn: ['rate_limit'],
    };
    const retry = createRetry({
      config,
      random: () => 0.5,
      sleep: async (delayMs) => {
        await clock.pass(delayMs);
        if (clock.now() === 3_000) refusals.second = undefined;
      },
    });
    const result = retry((signal) => policy()(operation, signal), new AbortController().signal);
    expect(await result).toBe('second');
    expect(seen()).toEqual(['first', 'second', 'first', 'second']);
  });

  it.each([
    { name: 'one key', keys: KEYS.slice(0, 1), seenAs: 'first' },
    { name: 'no key', keys: [], seenAs: 'none' },
  ])('just makes the call with $name, whatever happened before', async ({ keys, seenAs }) => {
    const { call, seen, refusals } = setUp();
    refusals[seenAs] = refusal('rate_limit', 60_000);
    for (let index = 0; index < 3; index += 1) expect(await call('openai', keys)).toBe(refusals[seenAs]);
    expect(seen()).toEqual([seenAs, seenAs, seenAs]);
  });

  it('tries no other key once the caller has gone', async () => {
    const { policy, seen, operation } = setUp();
    const caller = new AbortController();
    const result = policy()(async (key) => {
      await operation(key);
      caller.abort();
      throw refusal('rate_limit');
    }, caller.signal);
    await expect(result).rejects.toMatchObject({ code: 'rate_limit' });
    expect(seen()).toEqual(['first']);
  });

  it('knows a key again wherever it is written, and keeps targets apart', async () => {
    const { call, seen, refusals } = setUp();
    refusals.first = refusal('rate_limit', 60_000);
    await call();
    seen();
    await call('openai', ['sk-first', 'sk-second'].map(toSecretValue));
    await call('openai', ['sk-first', 'sk-second'].map(toSecretValue));
    expect(seen()).toEqual(['second', 'second']);
    await call('openai elsewhere');
    expect(seen()).toEqual(['first', 'second']);
  });

  it('rests a key for the longest wait of calls that were refused together', async () => {
    const { clock, call, policy, seen } = setUp();
    const limitedFor = (retryAfterMs: number) =>
      policy()(async (key) => {
        await Promise.resolve();
        if (key === KEYS[0]) throw refusal('rate_limit', retryAfterMs);
      }, new AbortController().signal);
    await Promise.all([limitedFor(60_000), call(), limitedFor(1_000)]);
    seen();
    await clock.pass(59_999);
    for (let index = 0; index < 3; index += 1) await call();
    expect(seen()).toEqual(['second', 'second', 'second']);
  });

  it('does not let keys wait for each other', async () => {
    const { policy } = setUp();
    let running = 0;
    let most = 0;
    const call = policy();
    const operation = async (): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
    };
    await Promise.all(Array.from({ length: 50 }, () => call(operation, new AbortController().signal)));
    expect(most).toBe(50);
  });

  it('remembers a bounded number of targets, the ones called last', async () => {
    const { call, seen, refusals } = setUp(2, { maxTargets: 2 });
    refusals.first = refusal('rate_limit', 60_000);
    for (const target of ['a', 'b', 'a', 'c']) await call(target);
    seen();
    await call('a');
    await call('b');
    expect(seen()).toEqual(['second', 'first', 'second']);
  });
});
