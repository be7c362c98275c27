import type { FallbackStrategy } from '../config/names.ts';
import type { LegConfig } from '../config/types.ts';

export interface LegOrderOptions<Leg> {
  /** Uniform in [0, 1). */
  readonly random?: () => number;
  /** What the request would cost on the leg, in nano-dollars; null when nobody knows. Asked under `cheapest` alone. */
  readonly price: (leg: Leg) => number | null;
  /** How long the leg takes, in milliseconds; undefined when it was not measured. Asked under `fastest` alone. */
  readonly latencyMs: (leg: Leg) => number | undefined;
}

/**
 * The order in which an agent's legs are tried. Every strategy gives back every leg: the ones that were not preferred
 * are the fallbacks.
 *
 * - `cascade`: the order of the file.
 * - `weighted`: the weights are the chances to be first; the rest follows by its weights in the same way.
 * - `cheapest`: ascending cost of this request; an unknown price is last, because it may be any.
 * - `fastest`: ascending latency; what was not measured is first, because only a call can measure it.
 *
 * Legs that are equal keep the order of the file.
 */
export function orderLegs<Leg extends Pick<LegConfig, 'weight'>>(
  legs: readonly Leg[],
  strategy: FallbackStrategy,
  { random = Math.random, price, latencyMs }: LegOrderOptions<Leg>,
): readonly Leg[] {
  if (legs.length < 2) return legs;
  switch (strategy) {
    case 'cascade':
      return legs;
    case 'weighted':
      return drawByWeight(legs, random);
    case 'cheapest':
      return sortBy(legs, (leg) => price(leg) ?? Number.POSITIVE_INFINITY);
    case 'fastest':
      return sortBy(legs, (leg) => latencyMs(leg) ?? Number.NEGATIVE_INFINITY);
  }
}

/** Ascending and stable, each value asked for once. */
function sortBy<Leg>(legs: readonly Leg[], measure: (leg: Leg) => number): Leg[] {
  return legs
    .map((leg) => ({ leg, value: measure(leg) }))
    .sort((one, other) => (one.value === other.value ? 0 : one.value - other.value))
    .map(({ leg }) => leg);
}

/** Draws all of them without putting any back. A weight of 0 is drawn when nothing else is left. */
function drawByWeight<Leg extends Pick<LegConfig, 'weight'>>(legs: readonly Leg[], random: () => number): Leg[] {
  const left = [...legs];
  const drawn: Leg[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, { weight }) => sum + weight, 0);
    let rest = random() * total;
    let position = left.findIndex(({ weight }) => {
      rest -= weight;
      return rest < 0;
    });
    // The sum of fractions may fall short of itself by the last bit.
    if (position === -1) position = total > 0 ? left.findLastIndex(({ weight }) => weight > 0) : 0;
    drawn.push(...left.splice(position, 1));
  }
  return drawn;
}
