import { createCircuitBreakers } from '../resilience/circuit-breaker.ts';
import { createKeyPool } from '../resilience/key-pool.ts';
import { createRateLimiter } from '../resilience/rate-limiter.ts';
import { sleepFor } from '../resilience/retry.ts';
import { createLegLatency } from '../routing/leg-latency.ts';
import type { Log } from '../telemetry/log.ts';
import { createAvailability } from './availability.ts';
import type { LegPolicies } from './leg-runner.ts';

/** The policies of one instance, each with what it has learned of its targets so far: nothing. */
export function createLegPolicies(log: Log): LegPolicies {
  return {
    breakers: createCircuitBreakers({
      onChange: (target, state) =>
        log(state === 'open' ? 'ERROR' : 'INFO', 'circuit', { target: nameOf(target), state }),
    }),
    limiter: createRateLimiter({ sleep: sleepFor }),
    keys: createKeyPool(),
    latency: createLegLatency(),
    isAvailable: createAvailability(),
  };
}

/** The provider alone: the rest of a target is an address. */
function nameOf(target: string): string {
  return target.split(' ', 1)[0] ?? '';
}
