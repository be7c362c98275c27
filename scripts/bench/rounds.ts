import type { BenchRow, Goal } from './part.ts';
import { median, spread } from './statistics.ts';

/** Somebody who takes part in a comparison. One measurement is one round's value, in a unit that all share. */
export interface Contender {
  readonly name: string;
  measure(): Promise<number> | number;
}

export interface RoundsOptions {
  readonly rounds: number;
  /** Rounds before the first one that counts. Default: 1. */
  readonly warmUps?: number;
  readonly random: () => number;
}

/** Each contender's values, round by round. */
export type Rounds = Readonly<Record<string, readonly number[]>>;

/**
 * Lets all contenders run once per round, in a new random order each time, so that what disturbs the machine disturbs
 * all of them alike and a ratio within a round means something although the values themselves do not.
 */
export async function runRounds(
  contenders: readonly Contender[],
  { rounds, warmUps = 1, random }: RoundsOptions,
): Promise<Rounds> {
  const values = Object.fromEntries(contenders.map(({ name }) => [name, [] as number[]]));
  for (let round = -warmUps; round < rounds; round += 1) {
    for (const { name, measure } of shuffle(contenders, random)) {
      const value = await measure();
      if (round >= 0) (values[name] as number[]).push(value);
    }
  }
  return values;
}

export interface Comparison {
  readonly what: string;
  readonly unit: string;
  /** Name of our own contender. */
  readonly ours: string;
  /** Name of the contender to compare with; absent: the value alone. */
  readonly peer?: string;
  readonly goal?: Goal;
}

/** One row of the table from the rounds: medians, and the median of the rounds' ratios with its spread. */
export function compare(rounds: Rounds, { what, unit, ours, peer, goal }: Comparison): BenchRow {
  const own = valuesOf(rounds, ours);
  const base = { what, unit, ours: median(own), ...(goal === undefined ? {} : { goal }) };
  if (peer === undefined) return { ...base, noise: spread(own) };
  const others = valuesOf(rounds, peer);
  const ratios = own.map((value, round) => value / (others[round] as number));
  return { ...base, peer: { name: peer, value: median(others) }, ratio: median(ratios), noise: spread(ratios) };
}

function valuesOf(rounds: Rounds, name: string): readonly number[] {
  const values = rounds[name];
  if (values === undefined || values.length === 0) throw new Error(`No round of ${name} was measured.`);
  return values;
}

function shuffle<Item>(items: readonly Item[], random: () => number): Item[] {
  const shuffled = [...items];
  for (let last = shuffled.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [shuffled[last], shuffled[other]] = [shuffled[other] as Item, shuffled[last] as Item];
  }
  return shuffled;
}
