import { createCircuitBreakers } from '../../resilience/circuit-breaker.ts';
import { createKeyPool } from '../../resilience/key-pool.ts';
import { createRateLimiter } from '../../resilience/rate-limiter.ts';
import { sleepFor } from '../../resilience/retry.ts';
import { createLegLatency } from '../../routing/leg-latency.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import { createAvailability } from './availability.ts';
import type { LegPolicies } from './leg-run.ts';

/** Time as the policies see it; by default the process's own. */
export interface PolicyTime {
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
  /** Resolves after the time, rejects when the signal is aborted. */
  readonly sleep?: (delayMs: number, signal: AbortSignal) => Promise<void>;
}

/** The policies of one instance. What they learn about their targets stays in its memory. */
export function createLegPolicies(
  telemetry: Pick<Telemetry, 'circuitChanged'>,
  { now, sleep = sleepFor }: PolicyTime = {},
): LegPolicies {
  const clock = now === undefined ? {} : { now };
  return {
    breakers: createCircuitBreakers({
      ...clock,
      onChange: (circuit, state) => telemetry.circuitChanged({ ...partsOf(circuit), state }),
    }),
    limiter: createRateLimiter({ ...clock, sleep }),
    keys: createKeyPool(clock),
    latency: createLegLatency(clock),
    whyUnavailable: createAvailability(clock),
  };
}

/**
 * Provider and model of a circuit's key. The parts between them may be an internal address, which no event may hold.
 */
function partsOf(circuit: string): { readonly provider: string; readonly model: string } {
  const words = circuit.split(' ');
  return { provider: words[0] ?? '', model: words.at(-1) ?? '' };
}
