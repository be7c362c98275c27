import { createCircuitBreakers } from '../resilience/circuit-breaker.ts';
import { createKeyPool } from '../resilience/key-pool.ts';
import { createRateLimiter } from '../resilience/rate-limiter.ts';
import { sleepFor } from '../resilience/retry.ts';
import { createLegLatency } from '../routing/leg-latency.ts';
import type { Log } from '../telemetry/log.ts';
import { createAvailability } from './availability.ts';
import type { LegPolicies } from './leg-runner.ts';

/** Time as the policies see it; by default the process's own. */
export interface PolicyTime {
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
  /** Resolves after the time, rejects when the signal is aborted. */
  readonly sleep?: (delayMs: number, signal: AbortSignal) => Promise<void>;
}

/** The policies of one instance, each with what it has learned of its targets so far: nothing. */
export function createLegPolicies(log: Log, { now, sleep = sleepFor }: PolicyTime = {}): LegPolicies {
  const clock = now === undefined ? {} : { now };
  return {
    breakers: createCircuitBreakers({
      ...clock,
      onChange: (target, state) =>
        log(state === 'open' ? 'ERROR' : 'INFO', 'circuit', { target: nameOf(target), state }),
    }),
    limiter: createRateLimiter({ ...clock, sleep }),
    keys: createKeyPool(clock),
    latency: createLegLatency(clock),
    whyUnavailable: createAvailability(clock),
  };
}

/** The provider alone: the rest of a target is an address. */
function nameOf(target: string): string {
  return target.split(' ', 1)[0] ?? '';
}
