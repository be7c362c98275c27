import type { BenchOptions, BenchRow, Goal } from '../part.ts';
import { compare, type Rounds, runRounds } from '../rounds.ts';
import { growth, median, quantile } from '../statistics.ts';

/** One thing that is measured at every size. */
export interface Grown {
  /** Such as `CPU of one request`. */
  readonly what: string;
  readonly unit: string;
  /** A size in words, such as `10 agents`. */
  readonly at: (size: number) => string;
  /** What grows, such as `the number of agents`. */
  readonly growing: string;
  /** Highest order of growth: 1 is linear, 0 is none. */
  readonly atMost: number;
}

/**
 * Measures several things at each of the sizes, all sizes once per round.
 * @returns for each thing the rounds, by size.
 */
export async function runSizes<Thing extends string>(
  sizes: readonly number[],
  measure: (size: number) => Promise<Readonly<Record<Thing, number>>>,
  { quick, random }: Pick<BenchOptions, 'quick' | 'random'>,
): Promise<Readonly<Record<Thing, Rounds>>> {
  const rounds = quick ? 3 : 9;
  const measured = new Map<number, Readonly<Record<Thing, number>>[]>();
  const contenders = sizes.map((size) => ({
    name: `${size}`,
    async measure() {
      const values = await measure(size);
      measured.set(size, [...(measured.get(size) ?? []), values]);
      return 0;
    },
  }));
  await runRounds(contenders, { rounds, random });
  const things = Object.keys(measured.get(sizes[0] as number)?.[0] ?? {}) as Thing[];
  const roundsOf = (thing: Thing): Rounds =>
    Object.fromEntries([...measured].map(([size, all]) => [size, all.slice(-rounds).map((values) => values[thing])]));
  return Object.fromEntries(things.map((thing) => [thing, roundsOf(thing)])) as Record<Thing, Rounds>;
}

/** A row for each size, and one with the slope between them. */
export function toGrowthRows(
  rounds: Rounds,
  sizes: readonly number[],
  { what, unit, at, growing, atMost }: Grown,
): BenchRow[] {
  return [
    ...sizes.map((size) => compare(rounds, { what: `${what}, ${at(size)}`, unit, ours: `${size}` })),
    slopeRow(rounds, sizes, `order of growth of the ${what} with ${growing}`, { atMost }),
  ];
}

/** The slope of each round, then their median. */
function slopeRow(rounds: Rounds, sizes: readonly number[], what: string, goal: Goal & { atMost: number }): BenchRow {
  const slopes = (rounds[`${sizes[0]}`] ?? []).map((_, round) =>
    growth(sizes.map((size) => ({ size, value: rounds[`${size}`]?.[round] as number }))),
  );
  const ours = median(slopes);
  // Relative to a slope around 0, which is what is hoped for, any spread would be endless.
  const noise = (quantile(slopes, 0.75) - quantile(slopes, 0.25)) / 2 / Math.max(Math.abs(ours), goal.atMost);
  return { what, unit: '', ours, noise, goal };
}
