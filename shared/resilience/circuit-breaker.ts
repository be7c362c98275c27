import { AppError, type ErrorCode } from '../contracts/app-error.ts';
import { remember } from './recent-map.ts';
import type { Policy } from './retry.ts';

/**
 * `closed`: calls pass. `open`: calls are refused. `half_open`: the pause is over and one call at a time may find out
 * whether the target is back.
 */
export type CircuitState = 'closed' | 'open' | 'half_open';

export interface CircuitBreakersOptions {
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
  /** So many failures within `windowMs` open the circuit for `openMs`. */
  readonly failureThreshold?: number;
  readonly windowMs?: number;
  readonly openMs?: number;
  /** Most targets with failures to know at once. */
  readonly maxTargets?: number;
  readonly onChange?: (target: string, state: CircuitState) => void;
}

export interface CircuitBreakers {
  /**
   * The policy for calls to a target, e.g. a provider at an endpoint. It never makes one call wait for another.
   * @throws AppError `server_error` that is not worth repeating, with `details.circuit`, when the target is paused;
   * `retryAfterMs` is what is left of the pause.
   */
  for(target: string): Policy;
  state(target: string): CircuitState;
}

/** Failures that speak about the target's health. All others are about the request, the key, a limit or ourselves. */
const UNHEALTHY: ReadonlySet<ErrorCode> = new Set(['server_error', 'network', 'timeout']);

/** Kept for targets with failures alone: a target without an entry is closed. */
interface Circuit {
  /** Times of the failures that still count, oldest first; never more than the threshold. */
  failedAtMs: readonly number[];
  /** Set unless the circuit is closed. */
  openUntilMs: number | undefined;
  onTrial: boolean;
  told: CircuitState;
}

/** Stops asking a target that keeps failing, and lets a single call at a time find out when it is back. */
export function createCircuitBreakers({
  now = () => performance.now(),
  failureThreshold = 5,
  windowMs = 60_000,
  openMs = 30_000,
  maxTargets = 1_000,
  onChange,
}: CircuitBreakersOptions = {}): CircuitBreakers {
  const circuits = new Map<string, Circuit>();

  const stateOf = (circuit: Circuit | undefined): CircuitState => {
    if (circuit?.openUntilMs === undefined) return 'closed';
    return now() < circuit.openUntilMs ? 'open' : 'half_open';
  };

  const tell = (target: string, circuit: Circuit, state: CircuitState): void => {
    if (circuit.told !== state) onChange?.(target, state);
    circuit.told = state;
  };

  const open = (target: string, circuit: Circuit): void => {
    circuit.openUntilMs = now() + openMs;
    tell(target, circuit, 'open');
  };

  /** A failure outside a trial. One that was under way when the circuit opened says nothing new. */
  const countFailure = (target: string): void => {
    const known = circuits.get(target);
    if (known?.openUntilMs !== undefined) return;
    const circuit: Circuit = known ?? { failedAtMs: [], openUntilMs: undefined, onTrial: false, told: 'closed' };
    const failedAtMs = now();
    circuit.failedAtMs = [...circuit.failedAtMs.filter((time) => time > failedAtMs - windowMs), failedAtMs];
    remember(circuits, target, circuit, {
      max: maxTargets,
      giveUpFirst: ({ openUntilMs }) => openUntilMs === undefined,
    });
    if (circuit.failedAtMs.length >= failureThreshold) open(target, circuit);
  };

  const tryOut = async <T>(
    target: string,
    circuit: Circuit,
    call: () => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> => {
    circuit.onTrial = true;
    tell(target, circuit, 'half_open');
    try {
      const result = await call();
      if (circuits.get(target) === circuit) circuits.delete(target);
      tell(target, circuit, 'closed');
      return result;
    } catch (error) {
      // Anything else (the caller left, a limit was hit) leaves the question open: the next call is the next trial.
      if (isUnhealthy(error, signal)) open(target, circuit);
      throw error;
    } finally {
      circuit.onTrial = false;
    }
  };

  return {
    for: (target) => async (operation, signal) => {
      const circuit = circuits.get(target);
      const state = stateOf(circuit);
      if (circuit === undefined || state === 'closed') {
        try {
          return await operation(signal);
        } catch (error) {
          if (isUnhealthy(error, signal)) countFailure(target);
          throw error;
        }
      }
      if (state === 'open' || circuit.onTrial) throw toRefusal(state, (circuit.openUntilMs ?? 0) - now());
      return await tryOut(target, circuit, () => operation(signal), signal);
    },
    state: (target) => stateOf(circuits.get(target)),
  };
}

/** Whatever happens once the caller gave up or ran out of time may be the caller's doing. */
function isUnhealthy(error: unknown, signal: AbortSignal): boolean {
  return error instanceof AppError && UNHEALTHY.has(error.code) && !signal.aborted;
}

function toRefusal(circuit: CircuitState, remainingMs: number): AppError {
  const details = { circuit };
  if (circuit !== 'open') {
    const message = 'The provider was paused after repeated failures; one call is finding out whether it is back.';
    return new AppError('server_error', message, { retryable: false, details });
  }
  const retryAfterMs = Math.ceil(remainingMs);
  const message = `The provider is paused after repeated failures; it is tried again in ${Math.ceil(retryAfterMs / 1000)} s.`;
  return new AppError('server_error', message, { retryable: false, retryAfterMs, details });
}
