import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ClientRate, createClientLimiter } from '../../../shared/resilience/client-limiter.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

const RATE: ClientRate = { perSecond: 10, burst: 20 };

function setUp(maxClients?: number) {
  const clock = createFakeClock();
  const limiter = createClientLimiter({ now: clock.now, ...(maxClients === undefined ? {} : { maxClients }) });
  /** How many of `count` calls at this instant are allowed. */
  const allowed = (client: string, count: number, rate = RATE): number =>
    Array.from({ length: count }, () => limiter.take(client, rate)).filter((verdict) => verdict.allowed).length;
  return { clock, limiter, allowed };
}

describe('client limiter', () => {
  it('allows the burst at once, then as many as the rate says', async () => {
    const { clock, limiter, allowed } = setUp();
    expect(allowed('ada', 20)).toBe(20);
    expect(limiter.take('ada', RATE)).toEqual({ allowed: false, retryAfterMs: 100 });
    await clock.pass(99);
    expect(allowed('ada', 5)).toBe(0);
    await clock.pass(1);
    expect(allowed('ada', 5)).toBe(1);
  });

  it.each<{ rate: ClientRate; burst: number; retryAfterMs: number }>([
    { rate: { perMinute: 3 }, burst: 3, retryAfterMs: 20_000 },
    { rate: { perMinute: 60, burst: 5 }, burst: 5, retryAfterMs: 1_000 },
    { rate: { perSecond: 0.5, burst: 1 }, burst: 1, retryAfterMs: 2_000 },
  ])('reads $rate', ({ rate, burst, retryAfterMs }) => {
    const { limiter, allowed } = setUp();
    expect(allowed('ada', burst + 1, rate)).toBe(burst);
    expect(limiter.take('ada', rate)).toEqual({ allowed: false, retryAfterMs });
  });

  it('takes nothing from a client it refuses, nor from any other', async () => {
    const { clock, allowed } = setUp();
    expect(allowed('ada', 10_000)).toBe(20);
    expect(allowed('bob', 21)).toBe(20);
    await clock.pass(2_000);
    expect(allowed('ada', 21)).toBe(20);
  });

  it('counts tokens by an estimate first and by the truth later', async () => {
    const { clock, limiter } = setUp();
    const rate = { perMinute: 60_000 };
    expect(limiter.take('ada', rate, 50_000)).toEqual({ allowed: true });
    limiter.correct('ada', rate, -20_000);
    expect(limiter.take('ada', rate, 30_000)).toEqual({ allowed: true });
    limiter.correct('ada', rate, 60_000);
    expect(limiter.take('ada', rate, 1_000)).toEqual({ allowed: false, retryAfterMs: 61_000 });
    await clock.pass(61_000);
    expect(limiter.take('ada', rate, 1_000)).toEqual({ allowed: true });
  });

  it('gives back nothing above the burst', () => {
    const { limiter, allowed } = setUp();
    limiter.correct('ada', RATE, -1_000);
    expect(allowed('ada', 30)).toBe(20);
  });

  it('remembers a bounded number of clients, forgetting first whoever may do everything again', async () => {
    const { clock, allowed } = setUp(100);
    expect(allowed('busy', 20)).toBe(20);
    for (let index = 0; index < 3; index += 1) allowed(`soon full again ${index}`, 1);
    await clock.pass(600);
    for (let index = 0; index < 97; index += 1) allowed(`other ${index}`, 1);
    expect(allowed('busy', 20)).toBe(6);
  });

  it('keeps a client in mind that goes on although it is refused', () => {
    const { allowed } = setUp(100);
    expect(allowed('greedy', 20)).toBe(20);
    for (let index = 0; index < 1_000; index += 1) {
      allowed(`other ${index}`, 20);
      expect(allowed('greedy', 1)).toBe(0);
    }
  });

  it('stays within bounded memory and time under a million client ids', () => {
    const { limiter } = setUp();
    for (let index = 0; index < 1_000_000; index += 1) limiter.take(`client ${index}`, RATE);
    // The last are known: one request used. Anyone long before is forgotten: nothing used.
    const left = (client: string): number => {
      let count = 0;
      while (limiter.take(client, RATE).allowed) count += 1;
      return count;
    };
    expect(left('client 999999')).toBe(19);
    expect(left('client 905000')).toBe(19);
    expect(left('client 899999')).toBe(20);
  });

  it('never allows more than burst and rate in any stretch of time', async () => {
    const pauses = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(pauses, async (steps) => {
        const { clock, limiter } = setUp();
        const given: number[] = [];
        for (const pauseMs of steps) {
          await clock.pass(pauseMs);
          while (limiter.take('ada', RATE).allowed) given.push(clock.now());
        }
        const tooMany = given.flatMap((firstMs, first) =>
          given.slice(first).filter((atMs, count) => count + 1 > 20 + (atMs - firstMs) / 100 + 0.001),
        );
        expect(tooMany).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });
});
