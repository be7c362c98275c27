import type { LegConfig } from '../config/types.ts';

type MeasuredLeg = Pick<LegConfig, 'provider' | 'model' | 'endpoint' | 'location' | 'timeoutMs'>;

/** How long legs take to answer, as this instance has seen it. */
export interface LegLatency {
  /** The rolling estimate in milliseconds; undefined for a leg without a recent call. */
  estimateMs(leg: MeasuredLeg): number | undefined;
  /** A call that came to its commit point after this time, or failed. */
  record(leg: MeasuredLeg, call: { readonly latencyMs: number; readonly failed: boolean }): void;
}

export interface LegLatencyOptions {
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
}

/** Share of the newest call in the estimate. */
const NEWEST = 0.2;
/** After this time without a call an estimate says nothing any more, so that a leg that was slow gets another chance. */
const FORGET_AFTER_MS = 5 * 60_000;
/** Callers may name models themselves; the oldest estimates give way. */
const MOST_LEGS = 1_000;

/**
 * Estimates for the strategy `fastest`. A leg that refuses at once is not a fast one: a failure counts as the longest
 * time the leg may take.
 */
export function createLegLatency({ now = () => performance.now() }: LegLatencyOptions = {}): LegLatency {
  const estimates = new Map<string, { readonly latencyMs: number; readonly atMs: number }>();

  const find = (key: string): number | undefined => {
    const known = estimates.get(key);
    return known === undefined || now() - known.atMs >= FORGET_AFTER_MS ? undefined : known.latencyMs;
  };

  return {
    estimateMs: (leg) => find(keyOf(leg)),

    record(leg, { latencyMs, failed }) {
      const key = keyOf(leg);
      const measuredMs = failed ? Math.max(latencyMs, leg.timeoutMs) : latencyMs;
      const knownMs = find(key) ?? measuredMs;
      // A failure counts whole, and one success forgives it: nothing is learned from an average of the two.
      const averageMs = failed || knownMs >= leg.timeoutMs ? measuredMs : knownMs + NEWEST * (measuredMs - knownMs);
      estimates.delete(key);
      estimates.set(key, { latencyMs: averageMs, atMs: now() });
      const oldest = estimates.size > MOST_LEGS ? estimates.keys().next() : undefined;
      if (oldest && !oldest.done) estimates.delete(oldest.value);
    },
  };
}

function keyOf({ provider, model, endpoint = '', location = '' }: MeasuredLeg): string {
  return [provider, endpoint, location, model].join(' ');
}
