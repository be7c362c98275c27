import { describe, expect, it } from 'vitest';
import { runSizes, toGrowthRows } from '../../../../scripts/bench/growth/sizes.ts';
import { replaceBetween } from '../../../../scripts/bench/readme.ts';
import { compare, runRounds } from '../../../../scripts/bench/rounds.ts';
import { growth, median, quantile, spread } from '../../../../scripts/bench/statistics.ts';
import { keepsGoal, listMisses, toMarkdown } from '../../../../scripts/bench/table.ts';

describe('rounds of a bench', () => {
  it('runs everybody once per round, in changing order, and drops the warm-up', async () => {
    const order: string[] = [];
    let state = 7;
    const random = () => {
      state = (state * 48271) % 2147483647;
      return state / 2147483647;
    };
    const contender = (name: string) => ({
      name,
      measure: () => {
        order.push(name);
        return order.filter((other) => other === name).length;
      },
    });
    const rounds = await runRounds(['a', 'b', 'c'].map(contender), { rounds: 20, warmUps: 2, random });
    expect(rounds.a).toEqual(Array.from({ length: 20 }, (_, index) => index + 3));
    const orders = new Set(Array.from({ length: 22 }, (_, round) => order.slice(round * 3, round * 3 + 3).join('')));
    expect([...orders].every((text) => [...text].sort().join('') === 'abc')).toBe(true);
    expect(orders.size).toBe(6);
  });

  it('compares within each round, so that a slow round does not count against one of the two', () => {
    // The third round was ten times as slow for both.
    const row = compare(
      { ours: [1, 1, 10, 1], theirs: [2, 2, 20, 2] },
      { what: 'x', unit: 'ms', ours: 'ours', peer: 'theirs', goal: { atMost: 0.6 } },
    );
    expect(row).toMatchObject({ ours: 1, peer: { name: 'theirs', value: 2 }, ratio: 0.5, noise: 0 });
  });

  it('refuses a comparison with somebody who was not measured', () => {
    expect(() => compare({ ours: [1] }, { what: 'x', unit: 'ms', ours: 'ours', peer: 'nobody' })).toThrow('nobody');
  });
});

describe('statistics of a bench', () => {
  it('knows medians, quantiles and half the middle spread', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(quantile([0, 10], 0.25)).toBe(2.5);
    expect(spread([90, 95, 100, 105, 110])).toBeCloseTo(0.05);
  });

  it('reads the order of growth from a table', () => {
    const points = (power: number) => [1, 10, 100].map((size) => ({ size, value: 3 * size ** power }));
    expect(growth(points(1))).toBeCloseTo(1);
    expect(growth(points(2))).toBeCloseTo(2);
    expect(growth(points(0))).toBeCloseTo(0);
  });
});

describe('sizes of a bench', () => {
  const grown = { what: 'time', unit: 'ms', at: (size: number) => `${size} rows`, growing: 'rows', atMost: 0.5 };

  it('keeps several things of one measurement apart, without the warm-up', async () => {
    const calls: number[] = [];
    const measure = async (size: number) => {
      calls.push(size);
      return { time: size * calls.length, memory: size };
    };
    const { time, memory } = await runSizes([1, 10], measure, { quick: true, random: () => 0.99 });
    expect(calls).toEqual([1, 10, 1, 10, 1, 10, 1, 10]);
    expect(time).toEqual({ 1: [3, 5, 7], 10: [40, 60, 80] });
    expect(memory).toEqual({ 1: [1, 1, 1], 10: [10, 10, 10] });
  });

  it('takes the slope within each round, so that a slow round has none of its own', () => {
    const rows = toGrowthRows({ 1: [2, 20, 2], 10: [20, 200, 20] }, [1, 10], grown);
    expect(rows.map(({ what }) => what)).toEqual([
      'time, 1 rows',
      'time, 10 rows',
      'order of growth of the time with rows',
    ]);
    expect(rows.at(-1)?.ours).toBeCloseTo(1);
    expect(rows.at(-1)?.noise).toBeCloseTo(0);
    expect(listMisses(rows)).toEqual(['order of growth of the time with rows: 1 (±0 %), the goal is ≤ 0.5']);
  });

  it('has a noise that is a number where nothing grows', () => {
    const row = toGrowthRows({ 1: [2, 2, 2], 10: [2, 2, 2.5] }, [1, 10], grown).at(-1);
    expect(row?.ours).toBe(0);
    expect(row?.noise).toBeCloseTo(Math.log10(1.25) / 4 / 0.5);
  });
});

describe('goals of a bench', () => {
  const row = { what: 'a | b', unit: 'ms', ours: 5, peer: { name: 'p', value: 10 }, ratio: 0.5, noise: 0.1 };

  it('is kept within its noise and missed beyond it, in both directions', () => {
    expect(keepsGoal({ ...row, goal: { atMost: 0.46 } })).toBe(true);
    expect(keepsGoal({ ...row, goal: { atMost: 0.45 } })).toBe(false);
    expect(keepsGoal({ ...row, goal: { atLeast: 0.55 } })).toBe(true);
    expect(keepsGoal({ ...row, goal: { atLeast: 0.56 } })).toBe(false);
  });

  it('holds for the value itself where there is no peer', () => {
    const alone = { what: 'x', unit: 'ms', ours: 120, noise: 0 };
    expect(keepsGoal({ ...alone, goal: { atMost: 100 } })).toBe(false);
    expect(listMisses([{ ...alone, goal: { atMost: 100 } }])).toEqual(['x: 120 ms (±0 %), the goal is ≤ 100']);
  });

  it('fails a ratio that is no number', () => {
    expect(keepsGoal({ ...row, ratio: Number.NaN, goal: { atMost: 1 } })).toBe(false);
  });

  it('marks what was missed in the table, whose cells do not break it', () => {
    const [, , line] = toMarkdown([{ ...row, goal: { atMost: 0.3 } }]).split('\n');
    expect(line).toBe('| a \\| b | 5 ms | p: 10 | 0.5× | ±10 % | ≤ 0.3× **missed** |');
  });
});

describe('the table in the README', () => {
  it('replaces what is between the marks of its part and nothing else', () => {
    const text = 'before\n<!-- bench:a -->\nold\n<!-- /bench:a -->\nafter';
    expect(replaceBetween(text, 'a', 'new')).toBe('before\n<!-- bench:a -->\n\nnew\n\n<!-- /bench:a -->\nafter');
    expect(() => replaceBetween(text, 'b', 'new')).toThrow('<!-- bench:b -->');
  });
});
