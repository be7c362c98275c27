import { SELF_HOSTED } from '../../config/names.ts';
import { DEFAULT_RETRY } from '../../config/normalize/retry.ts';
import type { LegConfig } from '../../config/types.ts';
import type { AppError } from '../../contracts/app-error.ts';
import type { HttpFetch } from '../../contracts/http-fetch.ts';
import { cascade } from '../../resilience/cascade.ts';
import { createRetry, type Policy } from '../../resilience/retry.ts';
import { createLegPrice } from '../../routing/leg-price.ts';
import { orderLegs } from '../../routing/order-legs.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import { createInlineImages } from './inline-images.ts';
import { type Attempt, createLegAttempt, type LegAttemptOptions } from './leg-attempt.ts';
import {
  type Called,
  circuitOf,
  type LegAccount,
  type LegPolicies,
  type LegRun,
  type LegRunner,
  targetOf,
} from './leg-run.ts';
import { windowOf } from './leg-window.ts';

export interface LegRunnerOptions extends Omit<LegAttemptOptions, 'policies' | 'now'> {
  /** The transport for addresses that callers name: public servers alone. */
  readonly fetchPublic: HttpFetch;
  readonly policies: LegPolicies;
  readonly telemetry: Pick<Telemetry, 'legRetried'>;
  readonly now?: () => number;
  /** How retries wait; default the process's own timers. */
  readonly sleep?: (delayMs: number, signal: AbortSignal) => Promise<void>;
  readonly random?: () => number;
}

/**
 * The legs of a route in the order of its strategy, one after the other. Around each leg: circuit breaker → retry → key
 * rotation → rate limit → attempt limit → call. The rate limit stands inside the rotation because vendors count by key.
 */
export function createLegRunner(options: LegRunnerOptions): LegRunner {
  const { catalogue, policies, telemetry, sleep, now = () => performance.now(), random = Math.random } = options;
  const attempt = createLegAttempt({ ...options, now });

  const retryOf = ({ route, call, deadlineAtMs }: LegRun<unknown>, { provider, model }: LegConfig): Policy => {
    const config = route.agent?.retry ?? DEFAULT_RETRY;
    // A server of one's own may take long to start: when no other leg could answer meanwhile, and nobody has configured
    // how often to ask it, it is waited for until the deadline.
    const waitsForStart = route.legs.length === 1 && config === DEFAULT_RETRY && SELF_HOSTED.has(provider);
    return createRetry({
      config,
      ...(waitsForStart ? { isStarting } : {}),
      remainingMs: () => deadlineAtMs - now(),
      random,
      ...(sleep === undefined ? {} : { sleep }),
      onRetry: ({ code }, count, delayMs) =>
        telemetry.legRetried({ call, provider, model, code, attempt: count, delayMs }),
    });
  };

  const runLeg = <Result>(what: Omit<Attempt<Result>, 'key'>, signal: AbortSignal): Promise<Called<Result>> => {
    const { leg, run } = what;
    const retry = retryOf(run, leg);
    const withKeys = policies.keys.for(targetOf(leg), leg.apiKeys);
    const tryKeys = (retried: AbortSignal) => withKeys((key, keyed) => attempt({ ...what, key }, keyed), retried);
    // A breaker makes room for the next leg. Where there is none, a failing target is better asked than refused.
    if (run.route.legs.length === 1) return retry(tryKeys, signal);
    return policies.breakers.for(circuitOf(leg))((guarded) => retry(tryKeys, guarded), signal);
  };

  return (run) => {
    const { route, call, streamed } = run;
    const inlineImages = createInlineImages(options.fetchPublic);
    let position = 0;
    let account: LegAccount | undefined;
    return cascade({
      legs: orderLegs(route.legs, route.agent?.strategy ?? 'cascade', {
        random,
        price: createLegPrice(catalogue, run.request),
        latencyMs: policies.latency.estimateMs,
      }),
      signal: run.signal,
      now,
      windowOf: (leg) => windowOf(leg, catalogue),
      call: (leg, signal) => {
        const { provider, model } = leg;
        position += 1;
        const own: LegAccount = { call, provider, model, position, streamed, sends: 0, startedAtMs: now() };
        account = own;
        return runLeg({ leg, run, inlineImages, account: own }, signal);
      },
      onFailure: (leg, error) => {
        if (account) run.onFailure?.(leg, error, account);
      },
    });
  };
}

/** What Cloud Run, or a load balancer elsewhere, answers while no instance is up. */
function isStarting({ upstreamStatus }: AppError): boolean {
  return upstreamStatus === 503;
}
