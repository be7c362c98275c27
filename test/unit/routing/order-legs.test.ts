import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FallbackStrategy } from '../../../shared/config/names.ts';
import { orderLegs } from '../../../shared/routing/order-legs.ts';

interface Leg {
  readonly name: string;
  readonly weight: number;
  readonly price?: number | null;
  readonly latencyMs?: number;
}

const order = (legs: readonly Leg[], strategy: FallbackStrategy, random = () => 0): string =>
  orderLegs(legs, strategy, {
    random,
    price: ({ price }) => price ?? null,
    latencyMs: ({ latencyMs }) => latencyMs,
  })
    .map(({ name }) => name)
    .join('');

const leg = (name: string, fields: Partial<Leg> = {}): Leg => ({ name, weight: 1, ...fields });

describe('the order of legs', () => {
  it('is the file’s under cascade', () => {
    expect(order([leg('b', { price: 9 }), leg('a', { price: 1 })], 'cascade')).toBe('ba');
  });

  it.each([
    ['ascending', [leg('a', { price: 30 }), leg('b', { price: 10 }), leg('c', { price: 20 })], 'bca'],
    ['unknown prices last, in the order of the file', [leg('a'), leg('b', { price: 1 }), leg('c')], 'bac'],
    ['free before paid', [leg('a', { price: 1 }), leg('b', { price: 0 })], 'ba'],
    ['ties as in the file', [leg('b', { price: 5 }), leg('a', { price: 5 }), leg('c', { price: 4 })], 'cba'],
  ])('is by cost under cheapest: %s', (_, legs, expected) => {
    expect(order(legs, 'cheapest')).toBe(expected);
  });

  it.each([
    ['ascending', [leg('a', { latencyMs: 30 }), leg('b', { latencyMs: 10 })], 'ba'],
    ['never measured first, in the order of the file', [leg('a', { latencyMs: 1 }), leg('b'), leg('c')], 'bca'],
    ['ties as in the file', [leg('b', { latencyMs: 5 }), leg('a', { latencyMs: 5 })], 'ba'],
  ])('is by latency under fastest: %s', (_, legs, expected) => {
    expect(order(legs, 'fastest')).toBe(expected);
  });

  it.each([
    [0, 'abc'],
    [0.29, 'abc'],
    [0.31, 'bac'],
    [0.89, 'bca'],
    [0.91, 'cba'],
    [0.999999, 'cba'],
  ])('draws the first leg by weight for a chance of %d', (chance, expected) => {
    const legs = [leg('a', { weight: 3 }), leg('b', { weight: 6 }), leg('c', { weight: 1 })];
    expect(order(legs, 'weighted', () => chance)).toBe(expected);
  });

  it('gives each leg its share of the first places, and the fallbacks by their weights too', () => {
    const legs = [leg('a', { weight: 8 }), leg('b', { weight: 1.5 }), leg('c', { weight: 0.5 })];
    // Evenly spread instead of random, so that the shares are exact.
    const counts: Record<string, number> = {};
    for (let first = 0; first < 100; first += 1) {
      for (let second = 0; second < 100; second += 1) {
        const chances = [(first + 0.5) / 100, (second + 0.5) / 100, 0];
        const name = order(legs, 'weighted', () => chances.shift() as number);
        counts[name] = (counts[name] ?? 0) + 1;
      }
    }
    expect(counts).toEqual({ abc: 6000, acb: 2000, bac: 1410, bca: 90, cab: 420, cba: 80 });
  });

  it('keeps a leg of weight 0 for when nothing else is left', () => {
    const legs = [leg('a', { weight: 0 }), leg('b'), leg('c', { weight: 0 })];
    for (const chance of [0, 0.5, 0.999999]) expect(order(legs, 'weighted', () => chance)).toBe('bac');
  });

  it('gives back every leg once, whatever the strategy and the numbers, and leaves the list alone', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            weight: fc.double({ min: 0, max: 1e9, noNaN: true }),
            price: fc.option(fc.nat()),
            latencyMs: fc.option(fc.nat(), { nil: undefined }),
          }),
          { maxLength: 8 },
        ),
        fc.constantFrom<FallbackStrategy>('cascade', 'weighted', 'cheapest', 'fastest'),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (rows, strategy, chance) => {
          const legs = Object.freeze(
            rows.map(({ latencyMs, ...row }, index) =>
              leg(String.fromCharCode(97 + index), { ...row, ...(latencyMs === undefined ? {} : { latencyMs }) }),
            ),
          );
          const names = order(legs, strategy, () => chance);
          expect([...names].sort().join('')).toBe('abcdefgh'.slice(0, legs.length));
        },
      ),
    );
  });
});
