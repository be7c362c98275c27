import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError, ERROR_CODES, type ErrorCode } from '../../../shared/contracts/app-error.ts';
import { type CircuitBreakersOptions, createCircuitBreakers } from '../../../shared/resilience/circuit-breaker.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

const TARGET = 'openai https://10.0.0.7/v1';

function setUp(options: CircuitBreakersOptions = {}) {
  const clock = createFakeClock();
  const changes: string[] = [];
  const breakers = createCircuitBreakers({
    now: clock.now,
    onChange: (target, state) => changes.push(target === TARGET ? state : `${target}: ${state}`),
    ...options,
  });
  const call = <T>(operation: () => Promise<T>, { signal = new AbortController().signal, target = TARGET } = {}) =>
    breakers.for(target)(operation, signal);
  const fail = (code: ErrorCode = 'server_error', target = TARGET) =>
    call(() => Promise.reject(new AppError(code, 'failed')), { target }).catch((error: AppError) => error);
  const failTimes = async (count: number, target = TARGET) => {
    for (let index = 0; index < count; index += 1) await fail('server_error', target);
  };
  return { clock, breakers, changes, call, fail, failTimes, state: () => breakers.state(TARGET) };
}

/** A promise that is settled from outside. */
function pending() {
  let resolve = (_result: string): void => {};
  let reject = (_error: AppError): void => {};
  const promise = new Promise<string>((onResult, onError) => {
    resolve = onResult;
    reject = onError;
  });
  return { promise, resolve: (result: string) => resolve(result), reject: (error: AppError) => reject(error) };
}

describe('circuit breaker', () => {
  it('pauses a target after five failures within a minute, for half a minute, and then tries it once', async () => {
    const { clock, call, failTimes, state, changes } = setUp();
    await failTimes(4);
    expect(state()).toBe('closed');
    await failTimes(1);
    expect(state()).toBe('open');
    await clock.pass(29_999);
    await expect(call(async () => 'never')).rejects.toMatchObject({ code: 'server_error', retryAfterMs: 1 });
    await clock.pass(1);
    expect(state()).toBe('half_open');
    expect(await call(async () => 'back')).toBe('back');
    expect(state()).toBe('closed');
    expect(changes).toEqual(['open', 'half_open', 'closed']);
  });

  it('refuses without making the call, not to be repeated, and without naming the address', async () => {
    const { call, failTimes } = setUp();
    await failTimes(5);
    let calls = 0;
    const error = await call(async () => {
      calls += 1;
    }).catch((thrown: AppError) => thrown);
    expect(calls).toBe(0);
    expect(error).toMatchObject({ retryable: false, retryAfterMs: 30_000, details: { circuit: 'open' } });
    expect((error as AppError).message).toBe(
      'The provider is paused after repeated failures; it is tried again in 30 s.',
    );
  });

  it('counts only the failures of the last minute', async () => {
    const { clock, failTimes, state } = setUp();
    await failTimes(2);
    await clock.pass(30_000);
    await failTimes(2);
    await clock.pass(30_000);
    await failTimes(2);
    expect(state()).toBe('closed');
    await failTimes(1);
    expect(state()).toBe('open');
  });

  it.each(ERROR_CODES)('judges the target by %s only if that speaks about its health', async (code) => {
    const { fail, state } = setUp();
    for (let index = 0; index < 10; index += 1) await fail(code);
    expect(state()).toBe(['server_error', 'network', 'timeout'].includes(code) ? 'open' : 'closed');
  });

  it('does not count errors that are not about the target at all, nor those after the caller gave up', async () => {
    const { call, state } = setUp();
    for (let index = 0; index < 10; index += 1) {
      await call(() => Promise.reject(new TypeError('a mistake of ours'))).catch(() => {});
      const late = new AppError('timeout', 'The request took too long.');
      await call(() => Promise.reject(late), { signal: AbortSignal.abort(late) }).catch(() => {});
    }
    expect(state()).toBe('closed');
  });

  it('opens again for the whole pause when the trial fails', async () => {
    const { clock, fail, failTimes, state, changes } = setUp();
    await failTimes(5);
    await clock.pass(30_000);
    expect(await fail('timeout')).toMatchObject({ code: 'timeout' });
    await clock.pass(29_999);
    expect(state()).toBe('open');
    await clock.pass(1);
    expect(state()).toBe('half_open');
    expect(changes).toEqual(['open', 'half_open', 'open']);
  });

  it('forgets the earlier failures once a trial has succeeded', async () => {
    const { clock, call, failTimes, state } = setUp();
    await failTimes(5);
    await clock.pass(30_000);
    await call(async () => 'back');
    await failTimes(4);
    expect(state()).toBe('closed');
  });

  it.each<ErrorCode>(['cancelled', 'rate_limit', 'invalid_request', 'authentication'])(
    'makes the next call the trial when one ends with %s',
    async (code) => {
      const { clock, call, fail, failTimes, state } = setUp();
      await failTimes(5);
      await clock.pass(30_000);
      await fail(code);
      expect(state()).toBe('half_open');
      await call(async () => 'back');
      expect(state()).toBe('closed');
    },
  );

  it('refuses the others while a trial is under way', async () => {
    const { clock, call, failTimes } = setUp();
    await failTimes(5);
    await clock.pass(30_000);
    const trial = pending();
    const first = call(() => trial.promise);
    await expect(call(async () => 'second')).rejects.toMatchObject({
      code: 'server_error',
      retryable: false,
      retryAfterMs: undefined,
      details: { circuit: 'half_open' },
    });
    trial.resolve('back');
    expect(await first).toBe('back');
    expect(await call(async () => 'third')).toBe('third');
  });

  it('ignores the late outcome of calls that began before the pause', async () => {
    const { clock, call, failTimes, state } = setUp();
    const slow = [pending(), pending()] as const;
    const late = slow.map(({ promise }) => call(() => promise).catch(() => {}));
    await failTimes(5);
    slow[0].resolve('answered after all');
    await late[0];
    expect(state()).toBe('open');
    await clock.pass(30_000);
    slow[1].reject(new AppError('server_error', 'failed'));
    await late[1];
    expect(state()).toBe('half_open');
  });

  it('keeps targets apart and lets their calls run side by side', async () => {
    const { call, failTimes } = setUp();
    await failTimes(5, 'anthropic');
    let running = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 50 }, () =>
        call(async () => {
          running += 1;
          most = Math.max(most, running);
          await Promise.resolve();
          running -= 1;
        }),
      ),
    );
    expect(most).toBe(50);
  });

  it('remembers a bounded number of targets, those that are paused the longest', async () => {
    const { breakers, failTimes } = setUp({ maxTargets: 10 });
    await failTimes(5, 'paused');
    await failTimes(4, 'nearly');
    for (let index = 0; index < 100; index += 1) await failTimes(1, `other ${index}`);
    await failTimes(1, 'nearly');
    expect(breakers.state('nearly')).toBe('closed');
    expect(breakers.state('paused')).toBe('open');
    for (let index = 0; index < 10; index += 1) await failTimes(5, `also paused ${index}`);
    expect(breakers.state('paused')).toBe('closed');
    expect(breakers.state('also paused 9')).toBe('open');
  });

  it('never lets a second trial through before the first has ended, and is never stuck', async () => {
    const step = fc.record({
      pauseMs: fc.integer({ min: 0, max: 12_000 }),
      begin: fc.integer({ min: 0, max: 3 }),
      end: fc.array(
        fc.constantFrom<ErrorCode | 'success'>('success', 'server_error', 'timeout', 'cancelled', 'rate_limit'),
        {
          maxLength: 3,
        },
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { clock, call, failTimes, state } = setUp({ failureThreshold: 2 });
        const running: { readonly trial: boolean; readonly end: (how: ErrorCode | 'success') => void }[] = [];
        const begin = (): void => {
          const trial = state() !== 'closed';
          void call(
            () =>
              new Promise<void>((resolve, reject) => {
                running.push({
                  trial,
                  end: (how) => (how === 'success' ? resolve() : reject(new AppError(how, 'failed'))),
                });
              }),
          ).catch(() => {});
        };
        await failTimes(2);
        for (const { pauseMs, begin: count, end } of steps) {
          await clock.pass(pauseMs);
          for (let index = 0; index < count; index += 1) begin();
          expect(running.filter(({ trial }) => trial).length).toBeLessThanOrEqual(1);
          for (const how of end) running.shift()?.end(how);
          await clock.pass(0);
        }
        for (const { end } of running.splice(0)) end('cancelled');
        await clock.pass(30_000);
        expect(await call(async () => 'through')).toBe('through');
        expect(state()).toBe('closed');
      }),
      { numRuns: 100 },
    );
  });
});
