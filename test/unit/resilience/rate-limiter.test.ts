import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { RateConfig } from '../../../shared/config/types.ts';
import { AppError } from '../../../shared/contracts/app-error.ts';
import { createRateLimiter, type Reservation } from '../../../shared/resilience/rate-limiter.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

/** A limit on a fake clock; `ask` tells later when a call was let in or why not. */
function setUp(rate: RateConfig) {
  const clock = createFakeClock();
  const limit = createRateLimiter(clock).for('openai key', rate);
  const log: { name: string; atMs: number; refused?: number | undefined; code?: string }[] = [];
  const ask = (name: string, tokens = 1, options: { remainingMs?: number; signal?: AbortSignal } = {}) => {
    const asked = limit.acquire({
      tokens,
      signal: options.signal ?? new AbortController().signal,
      remainingMs: options.remainingMs ?? Number.POSITIVE_INFINITY,
    });
    return asked.then(
      (reservation) => {
        log.push({ name, atMs: clock.now() });
        return reservation;
      },
      (error: AppError) => {
        log.push({ name, atMs: clock.now(), code: error.code, refused: error.retryAfterMs });
        return undefined;
      },
    );
  };
  return { clock, limit, ask, log };
}

const reserved = async (pending: Promise<Reservation | undefined>): Promise<Reservation> => {
  const reservation = await pending;
  if (reservation === undefined) throw new Error('The call was refused.');
  return reservation;
};

describe('rate limiter', () => {
  it('lets a minute of requests through at once and the next ones as the minute goes by', async () => {
    const { clock, ask, log } = setUp({ requestsPerMinute: 3 });
    const all = ['a', 'b', 'c', 'd', 'e'].map((name) => ask(name));
    await clock.pass(60_000);
    await Promise.all(all);
    expect(log.map(({ name, atMs }) => [name, atMs])).toEqual([
      ['a', 0],
      ['b', 0],
      ['c', 0],
      ['d', 20_000],
      ['e', 40_000],
    ]);
  });

  it('delays a call by the tokens that are missing', async () => {
    const { clock, ask, log } = setUp({ tokensPerMinute: 40_000, requestsPerMinute: 500 });
    void ask('first', 30_000);
    void ask('second', 20_000);
    await clock.pass(60_000);
    expect(log.map(({ atMs }) => atMs)).toEqual([0, 15_000]);
  });

  it('refuses at once, with the wait, a call whose turn would come after its deadline, and takes nothing for it', async () => {
    const { clock, ask, log } = setUp({ requestsPerMinute: 3 });
    for (const name of ['a', 'b', 'c']) await ask(name);
    await ask('impatient', 1, { remainingMs: 20_000 });
    void ask('patient', 1, { remainingMs: 20_001 });
    await ask('third in line', 1, { remainingMs: 30_000 });
    expect(log.slice(3)).toEqual([
      { name: 'impatient', atMs: 0, code: 'rate_limit', refused: 20_000 },
      { name: 'third in line', atMs: 0, code: 'rate_limit', refused: 40_000 },
    ]);
    await clock.pass(20_000);
    expect(log.at(-1)).toEqual({ name: 'patient', atMs: 20_000 });
  });

  it('keeps the order of arrival, also for a small call behind a large one', async () => {
    const { clock, ask, log } = setUp({ tokensPerMinute: 60_000 });
    for (const [name, tokens] of [
      ['a', 50_000],
      ['large', 40_000],
      ['small', 1],
    ] as const)
      void ask(name, tokens);
    await clock.pass(120_000);
    expect(log.map(({ name, atMs }) => [name, atMs])).toEqual([
      ['a', 0],
      ['large', 30_000],
      ['small', 30_001],
    ]);
  });

  it('lets a call larger than a minute through once everything is there, and has the others pay for it', async () => {
    const { clock, ask, log } = setUp({ tokensPerMinute: 60_000 });
    void ask('small', 1_000);
    void ask('huge', 90_000);
    void ask('next', 1_000);
    await clock.pass(300_000);
    expect(log.map(({ name, atMs }) => [name, atMs])).toEqual([
      ['small', 0],
      ['huge', 1_000],
      ['next', 32_000],
    ]);
  });

  it('gives back what a call did not use, and lets in those who wait for it', async () => {
    const { clock, ask, log } = setUp({ tokensPerMinute: 60_000 });
    const first = await reserved(ask('first', 60_000));
    void ask('second', 30_000);
    await clock.pass(1_000);
    first.settle(20_000);
    await clock.pass(0);
    expect(log.at(-1)).toEqual({ name: 'second', atMs: 1_000 });
    expect(clock.sleeping()).toBe(0);
  });

  it('has later calls wait for what a call used beyond its estimate', async () => {
    const { clock, ask, log } = setUp({ tokensPerMinute: 60_000 });
    const first = await reserved(ask('first', 10_000));
    first.settle(90_000);
    void ask('second', 10_000);
    await clock.pass(60_000);
    expect(log.at(-1)).toEqual({ name: 'second', atMs: 40_000 });
  });

  it('refuses those who wait when another call used so much that their turn would come too late', async () => {
    const { clock, ask, log } = setUp({ tokensPerMinute: 60_000 });
    const first = await reserved(ask('first', 60_000));
    void ask('waiting', 10_000, { remainingMs: 15_000 });
    await clock.pass(5_000);
    first.settle(120_000);
    await clock.pass(0);
    expect(log.at(-1)).toEqual({ name: 'waiting', atMs: 5_000, code: 'rate_limit', refused: 65_000 });
    expect(clock.sleeping()).toBe(0);
  });

  it('gives everything back for a call that was never made', async () => {
    const { ask, log } = setUp({ requestsPerMinute: 1, tokensPerMinute: 100 });
    (await reserved(ask('cancelled', 100))).cancel();
    await ask('next', 100, { remainingMs: 0 });
    expect(log.at(-1)).toEqual({ name: 'next', atMs: 0 });
  });

  it('corrects a reservation only once', async () => {
    const { ask, log } = setUp({ tokensPerMinute: 60_000 });
    const first = await reserved(ask('first', 30_000));
    await ask('second', 30_000);
    first.settle(0);
    first.settle(0);
    first.cancel();
    await ask('third', 30_001, { remainingMs: 0 });
    expect(log.at(-1)).toMatchObject({ name: 'third', refused: 1 });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('keeps its estimate when the usage is %s', async (actual) => {
    const { ask, log } = setUp({ tokensPerMinute: 60_000 });
    (await reserved(ask('first', 60_000))).settle(actual);
    await ask('second', 1_000, { remainingMs: 0 });
    expect(log.at(-1)).toMatchObject({ refused: 1_000 });
  });

  it('forgets a caller who leaves the line and moves the others up', async () => {
    const { clock, ask, log } = setUp({ requestsPerMinute: 3 });
    for (const name of ['a', 'b', 'c']) await ask(name);
    const leaving = new AbortController();
    void ask('leaving', 1, { signal: leaving.signal });
    void ask('staying');
    await clock.pass(1_000);
    leaving.abort(new AppError('cancelled', 'gone'));
    await clock.pass(59_000);
    expect(log.slice(3)).toEqual([
      { name: 'leaving', atMs: 1_000, code: 'cancelled', refused: undefined },
      { name: 'staying', atMs: 20_000 },
    ]);
  });

  it('leaves neither a timer nor a listener behind', async () => {
    const { clock, ask } = setUp({ requestsPerMinute: 1 });
    const { signal } = new AbortController();
    const removed = vi.spyOn(signal, 'removeEventListener');
    const added = vi.spyOn(signal, 'addEventListener');
    const leaving = new AbortController();
    await ask('first', 1, { signal });
    void ask('second', 1, { signal });
    const left = ask('leaving', 1, { signal: leaving.signal });
    expect(clock.sleeping()).toBe(1);
    await clock.pass(60_000);
    expect(clock.sleeping()).toBe(1);
    leaving.abort();
    await left;
    expect(clock.sleeping()).toBe(0);
    expect(added.mock.calls.length).toBe(1);
    expect(removed.mock.calls.length).toBe(1);
  });

  it('refuses a caller who has already left, limited or not', async () => {
    const { ask, log } = setUp({ requestsPerMinute: 1 });
    await ask('gone', 1, { signal: AbortSignal.abort() });
    await ask('next', 1, { remainingMs: 0 });
    expect(log).toEqual([
      { name: 'gone', atMs: 0, code: 'cancelled', refused: undefined },
      { name: 'next', atMs: 0 },
    ]);
    const unlimited = createRateLimiter(createFakeClock()).for('xai', {});
    const gone = unlimited.acquire({ tokens: 1, signal: AbortSignal.abort(), remainingMs: 1 });
    await expect(gone).rejects.toMatchObject({ code: 'cancelled' });
  });

  it.each([
    { name: 'a limit', rate: { requestsPerMinute: 1_000, tokensPerMinute: 1_000_000 } },
    { name: 'no limit', rate: {} },
  ])('lets a call that need not wait through $name without a timer, within one turn', async ({ rate }) => {
    const clock = createFakeClock();
    const sleep = vi.fn(clock.sleep);
    const limit = createRateLimiter({ now: clock.now, sleep }).for('openai', rate);
    let through = false;
    void limit.acquire({ tokens: 10, signal: new AbortController().signal, remainingMs: 0 }).then(() => {
      through = true;
    });
    await Promise.resolve();
    expect(through).toBe(true);
    expect(sleep).not.toHaveBeenCalled();
  });

  it('lets nobody in before their turn when a timer is early', async () => {
    const clock = createFakeClock();
    const sleep = (delayMs: number, signal: AbortSignal) => clock.sleep(delayMs > 1 ? delayMs - 1 : delayMs, signal);
    const limit = createRateLimiter({ now: clock.now, sleep }).for('openai', { requestsPerMinute: 1 });
    const request = { tokens: 0, signal: new AbortController().signal, remainingMs: Number.POSITIVE_INFINITY };
    await limit.acquire(request);
    const turn = limit.acquire(request).then(() => clock.now());
    await clock.pass(90_000);
    expect(await turn).toBe(60_000);
  });

  it('lets those who wait go first when a timer is late', async () => {
    const clock = createFakeClock();
    const sleep = (delayMs: number, signal: AbortSignal) => clock.sleep(delayMs + 5_000, signal);
    const limit = createRateLimiter({ now: clock.now, sleep }).for('openai', { tokensPerMinute: 60_000 });
    const turns: Record<string, number> = {};
    const ask = async (name: string, tokens: number, remainingMs: number): Promise<void> => {
      await limit.acquire({ tokens, signal: new AbortController().signal, remainingMs });
      turns[name] = clock.now();
    };
    await ask('first', 60_000, 0);
    const waiting = ask('waiting', 3_000, 10_000);
    await clock.pass(4_000);
    await ask('newcomer', 1_000, 0);
    await waiting;
    expect(turns).toEqual({ first: 0, waiting: 4_000, newcomer: 4_000 });
    expect(clock.sleeping()).toBe(0);
  });

  it('limits each name for itself', async () => {
    const clock = createFakeClock();
    const limiter = createRateLimiter(clock);
    const ask = (name: string) =>
      limiter
        .for(name, { requestsPerMinute: 1 })
        .acquire({ tokens: 0, signal: new AbortController().signal, remainingMs: 0 });
    await ask('openai first key');
    await ask('openai second key');
    await expect(ask('openai first key')).rejects.toMatchObject({ code: 'rate_limit', retryAfterMs: 60_000 });
  });

  it('says how long to wait and what sets the limit, and nothing of the key', async () => {
    const { limit } = setUp({ requestsPerMinute: 1 });
    const request = { tokens: 0, signal: new AbortController().signal, remainingMs: 0 };
    await limit.acquire(request);
    const error = await limit.acquire(request).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).message).toMatch(/limits\.providers.* 60 s/);
    expect((error as AppError).message).not.toContain('openai key');
  });

  it('never lets more through than the limits and the time allow, in order, whatever happens in between', async () => {
    const step = fc.record({
      pauseMs: fc.integer({ min: 0, max: 20_000 }),
      tokens: fc.integer({ min: 1, max: 900 }),
      remainingMs: fc.integer({ min: 0, max: 120_000 }),
      leaveAfterMs: fc.option(fc.integer({ min: 0, max: 30_000 }), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { clock, ask, log } = setUp({ requestsPerMinute: 6, tokensPerMinute: 900 });
        const leaving: { atMs: number; caller: AbortController }[] = [];
        for (const [index, { pauseMs, tokens, remainingMs, leaveAfterMs }] of steps.entries()) {
          const caller = new AbortController();
          void ask(`${index}`, tokens, { remainingMs, signal: caller.signal });
          if (leaveAfterMs !== undefined) leaving.push({ atMs: clock.now() + leaveAfterMs, caller });
          await clock.pass(pauseMs);
          for (const { atMs, caller } of leaving) if (atMs <= clock.now()) caller.abort();
        }
        await clock.pass(200_000);
        expect(clock.sleeping()).toBe(0);
        expect(log).toHaveLength(steps.length);
        const passed = log.filter(({ code }) => code === undefined).sort((a, b) => Number(a.name) - Number(b.name));
        const times = passed.map(({ atMs }) => atMs);
        expect(times).toEqual([...times].sort((a, b) => a - b));
        for (const [index, first] of passed.entries()) {
          let tokens = 0;
          for (const [count, { name, atMs }] of passed.slice(index).entries()) {
            tokens += steps[Number(name)]?.tokens ?? 0;
            expect(count + 1).toBeLessThanOrEqual(6 + (atMs - first.atMs) / 10_000 + 0.001);
            expect(tokens).toBeLessThanOrEqual(900 + ((atMs - first.atMs) * 900) / 60_000 + 0.001);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
