import { SELF_HOSTED } from '../config/names.ts';
import { DEFAULT_RETRY } from '../config/normalize/retry.ts';
import type { AppError } from '../contracts/app-error.ts';
import type { HttpFetch } from '../contracts/http-fetch.ts';
import { cascade } from '../resilience/cascade.ts';
import { createRetry } from '../resilience/retry.ts';
import { createLegPrice } from '../routing/leg-price.ts';
import { orderLegs } from '../routing/order-legs.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { createInlineImages } from './inline-images.ts';
import { createLegAttempt, type LegAttemptOptions } from './leg-attempt.ts';
import { circuitOf, type LegAccount, type LegPolicies, type LegRunner, targetOf } from './leg-run.ts';
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

  return (run) => {
    const { route, call, streamed, deadlineAtMs } = run;
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
        const target = targetOf(leg);
        const { provider, model } = leg;
        position += 1;
        const own: LegAccount = { call, provider, model, position, streamed, sends: 0, startedAtMs: now() };
        account = own;
        const written = route.agent?.retry ?? DEFAULT_RETRY;
        const retry = createRetry({
          config: written,
          // Where nobody has written how often to ask, and nobody else can answer, a server of one's own may take its time.
          ...(route.legs.length === 1 && written === DEFAULT_RETRY && SELF_HOSTED.has(leg.provider)
            ? { isStarting }
            : {}),
          remainingMs: () => deadlineAtMs - now(),
          random,
          ...(sleep === undefined ? {} : { sleep }),
          onRetry: ({ code }, count, delayMs) =>
            telemetry.legRetried({ call, provider, model, code, attempt: count, delayMs }),
        });
        const withKeys = policies.keys.for(target, leg.apiKeys);
        const tryKeys = (retried: AbortSignal) =>
          withKeys((key, keyed) => attempt({ leg, run, key, inlineImages, account: own }, keyed), retried);
        // A breaker is for going on to the next leg at once. Where there is none, asking is better than refusing.
        if (route.legs.length === 1) return retry(tryKeys, signal);
        return policies.breakers.for(circuitOf(leg))((guarded) => retry(tryKeys, guarded), signal);
      },
      onFailure: (leg, error) => {
        if (account) run.onFailure?.(leg, error, account);
      },
    });
  };
}

/** Cloud Run, and what stands before a server in other places, while no instance is up. */
function isStarting({ upstreamStatus }: AppError): boolean {
  return upstreamStatus === 503;
}
