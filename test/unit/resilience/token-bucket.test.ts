import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bucketWaitMs,
  FULL_BUCKET,
  perMinute,
  takeFromBucket,
  toWholeMs,
} from '../../../shared/resilience/token-bucket.ts';

describe('token bucket', () => {
  it.each([
    { name: 'three requests at once', rate: perMinute(3), costs: [1, 1, 1], waitMs: 0 },
    { name: 'a fourth request', rate: perMinute(3), costs: [1, 1, 1, 1], waitMs: 20_000 },
    { name: '20,000 tokens after 30,000', rate: perMinute(40_000), costs: [30_000, 20_000], waitMs: 15_000 },
    { name: 'more than fits, when full', rate: perMinute(100), costs: [250], waitMs: 0 },
    { name: 'more than fits, after one', rate: perMinute(60), costs: [1, 250], waitMs: 1_000 },
    { name: 'anything after a debt', rate: perMinute(60), costs: [90, 1], waitMs: 31_000 },
  ])('makes $name wait $waitMs ms', ({ rate, costs, waitMs }) => {
    const last = costs.at(-1) as number;
    const state = costs.slice(0, -1).reduce((before, cost) => takeFromBucket(rate, before, cost, 0), FULL_BUCKET);
    expect(toWholeMs(bucketWaitMs(rate, state, last, 0))).toBe(waitMs);
  });

  it('is never fuller than full, however much is given back', () => {
    const rate = perMinute(3);
    const state = takeFromBucket(rate, takeFromBucket(rate, FULL_BUCKET, 1, 0), -50, 10);
    const emptied = [1, 1, 1].reduce((before, cost) => takeFromBucket(rate, before, cost, 10), state);
    expect(toWholeMs(bucketWaitMs(rate, emptied, 1, 10))).toBe(20_000);
  });

  it('never gives more than its capacity and what has flowed in, in any stretch of time', () => {
    const step = fc.record({ pauseMs: fc.integer({ min: 0, max: 90_000 }), cost: fc.integer({ min: 1, max: 40 }) });
    fc.assert(
      fc.property(fc.integer({ min: 40, max: 400 }), fc.array(step, { maxLength: 60 }), (amount, steps) => {
        const rate = perMinute(amount);
        const given: { atMs: number; cost: number }[] = [];
        let state = FULL_BUCKET;
        let nowMs = 0;
        for (const { pauseMs, cost } of steps) {
          nowMs += pauseMs;
          if (bucketWaitMs(rate, state, cost, nowMs) > 0) continue;
          state = takeFromBucket(rate, state, cost, nowMs);
          given.push({ atMs: nowMs, cost });
        }
        for (const [index, first] of given.entries()) {
          let sum = 0;
          for (const { atMs, cost } of given.slice(index)) {
            sum += cost;
            expect(sum).toBeLessThanOrEqual(rate.capacity + rate.perMs * (atMs - first.atMs) + 0.001);
          }
        }
      }),
    );
  });

  it('holds enough when the wait it names is over, and not a millisecond earlier', () => {
    const costs = fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000_000 }),
        costs,
        fc.double({ min: 0, max: 1e12, noNaN: true }),
        (amount, used, nowMs) => {
          const rate = perMinute(amount);
          const state = used.reduce((before, cost) => takeFromBucket(rate, before, cost, nowMs), FULL_BUCKET);
          const waitMs = toWholeMs(bucketWaitMs(rate, state, 1, nowMs));
          expect(bucketWaitMs(rate, state, 1, nowMs + waitMs)).toBe(0);
          if (waitMs > 1) expect(bucketWaitMs(rate, state, 1, nowMs + waitMs - 2)).toBeGreaterThan(0);
        },
      ),
    );
  });
});
