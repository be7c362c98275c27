import type { LegConfig } from '../../config/types.ts';
import type { AppError } from '../../contracts/app-error.ts';
import type { ChatCall, ChatProvider, ChatRequest } from '../../contracts/chat-provider.ts';
import type { CascadeResult } from '../../resilience/cascade.ts';
import type { CircuitBreakers } from '../../resilience/circuit-breaker.ts';
import type { KeyPool } from '../../resilience/key-pool.ts';
import type { RateLimiter } from '../../resilience/rate-limiter.ts';
import type { LegLatency } from '../../routing/leg-latency.ts';
import type { Route } from '../../routing/resolve-model.ts';
import type { Call } from '../../telemetry/call.ts';
import type { LegFinished } from '../../telemetry/telemetry.ts';
import type { Availability } from './availability.ts';

export interface LegRun<Result> {
  readonly route: Route;
  readonly request: ChatRequest;
  /** The request as one leg is sent it. Default: as it is. */
  readonly requestFor?: ((leg: LegConfig) => ChatRequest) | undefined;
  readonly signal: AbortSignal;
  readonly call: Call;
  readonly streamed: boolean;
  /** On the clock of `now`; no wait goes beyond it. */
  readonly deadlineAtMs: number;
  /** Turns the adapter's call into its commit point: the whole answer, or a stream with its first output. */
  readonly finish: (chat: ChatProvider, call: ChatCall) => Promise<Result>;
  /** Told of each leg that failed, before the next one is tried. */
  readonly onFailure?: (leg: LegConfig, error: AppError, account: LegAccount) => void;
  /** Told of each call that was sent and then given up, by the caller or by a time limit: its prompt is paid for. */
  readonly onAbandoned?: (leg: LegConfig, account: LegAccount) => void;
}

export interface Called<Result> {
  readonly result: Result;
  /** Parameters the leg has no equivalent for. */
  readonly dropped: readonly string[];
  /** Corrects the estimate that was counted against the rate limit, once the call's real usage is known. */
  readonly settleTokens: (tokens: number) => void;
  /** Tells that a stream broke off after its commit point, by the target's doing. */
  readonly reportBroken: (error: AppError) => void;
  /** The leg's account up to its commit point. Whoever reads the answer adds what it used when it has ended. */
  readonly account: LegAccount;
}

/** What is reported of a leg: how often it was sent to, how long it took, and what was spent in vain. */
export interface LegAccount extends Pick<LegFinished, 'call' | 'provider' | 'model' | 'position' | 'streamed'> {
  /** Requests that were sent. */
  sends: number;
  /** On the clock of `now`. */
  readonly startedAtMs: number;
  /** Time to the commit point, once that is reached. */
  committedAfterMs?: number;
  /** Prompts that were sent in calls that were then given up; the cost is null when it is not known. */
  lost?: { readonly promptTokens: number; readonly costUsd: number | null };
}

export type LegRunner = <Result>(run: LegRun<Result>) => Promise<CascadeResult<LegConfig, Called<Result>>>;

/** What is known about targets from one request to the next; per instance. */
export interface LegPolicies {
  readonly breakers: CircuitBreakers;
  readonly limiter: RateLimiter;
  readonly keys: KeyPool;
  readonly latency: LegLatency;
  readonly whyUnavailable: Availability;
}

/** Key of a leg's circuit breaker: by model, since one may be down while another at the same address answers. */
export function circuitOf(leg: LegConfig): string {
  return `${targetOf(leg)} ${leg.model}`;
}

/** Key of what legs to one provider at one address share: its reachability, its keys and their rate limits. */
export function targetOf({ provider, endpoint = '', project = '', location = '' }: LegConfig): string {
  return [provider, endpoint, project, location].join(' ');
}
