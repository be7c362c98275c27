import { DEFAULT_RETRY } from '../config/normalize/retry.ts';
import type { LegConfig, SluiceConfig } from '../config/types.ts';
import { AppError, toAppError } from '../contracts/app-error.ts';
import type { ChatCall, ChatProvider, ChatRequest } from '../contracts/chat-provider.ts';
import type { HttpFetch } from '../contracts/http-fetch.ts';
import { type CascadeResult, cascade } from '../resilience/cascade.ts';
import { createDeadline } from '../resilience/deadline.ts';
import { createRetry } from '../resilience/retry.ts';
import { fitRequest } from '../routing/fit-request.ts';
import { narrowCapabilities } from '../routing/narrow-capabilities.ts';
import type { Route } from '../routing/resolve-model.ts';
import { describeError, type Log } from '../telemetry/log.ts';
import type { ModelCatalogue } from '../usage/catalogue.ts';
import { withLegDefaults } from './chat-request.ts';
import type { Credentials } from './credentials.ts';

export interface LegRunnerOptions {
  readonly config: SluiceConfig;
  readonly provider: (name: string) => Promise<ChatProvider>;
  readonly credentials: Credentials;
  readonly catalogue: ModelCatalogue;
  readonly fetch: HttpFetch;
  readonly log: Log;
  readonly now?: () => number;
}

export interface LegRun<Result> {
  readonly route: Route;
  readonly request: ChatRequest;
  readonly signal: AbortSignal;
  readonly requestId: string;
  /** On the clock of `now`; no wait goes beyond it. */
  readonly deadlineAtMs: number;
  /** Turns the adapter's call into its commit point: the whole answer, or a stream with its first output. */
  readonly finish: (chat: ChatProvider, call: ChatCall) => Promise<Result>;
}

export interface Called<Result> {
  readonly result: Result;
  /** Parameters the leg has no equivalent for. */
  readonly dropped: readonly string[];
}

export type LegRunner = <Result>(run: LegRun<Result>) => Promise<CascadeResult<LegConfig, Called<Result>>>;

/** The legs of a route, one after the other; within each leg retry → attempt limit → call. */
export function createLegRunner({
  config,
  provider,
  credentials,
  catalogue,
  fetch,
  log,
  now = () => performance.now(),
}: LegRunnerOptions): LegRunner {
  const attempt = async <Result>(leg: LegConfig, run: LegRun<Result>, signal: AbortSignal): Promise<Called<Result>> => {
    const deadline = createDeadline(signal, leg.timeoutMs, `${leg.provider}/${leg.model}`);
    try {
      const chat = await provider(leg.provider);
      const abilities = narrowCapabilities(chat.capabilities, leg, catalogue.find(leg.provider, leg.model));
      const wanted = withLegDefaults(run.request, leg, run.route.agent);
      const { request, dropped: unfit } = fitRequest(leg.provider, abilities, wanted);
      const dropped = new Set(unfit);
      const call = (credential: string | undefined): Promise<Result> =>
        run.finish(chat, {
          request,
          model: leg.model,
          signal: deadline.signal,
          fetch,
          onDropped: (parameter) => dropped.add(parameter),
          idleTimeoutMs: config.limits.idleTimeoutMs,
          ...(credential === undefined ? {} : { credential }),
          ...(leg.endpoint === undefined ? {} : { endpoint: leg.endpoint }),
          ...(leg.project === undefined ? {} : { project: leg.project }),
          ...(leg.location === undefined ? {} : { location: leg.location }),
        });
      const credential = await credentials.forProvider(leg, deadline.signal);
      const result = await call(credential).catch(async (error: unknown) => {
        if (credential === undefined || !isRefusedKey(error)) throw error;
        const renewed = await credentials.renew(leg, credential, deadline.signal);
        if (renewed === undefined) throw error;
        return await call(renewed);
      });
      // A stream goes on under the caller's signal alone, its silence limited by the transport.
      deadline.disarm();
      return { result, dropped: [...dropped] };
    } catch (error) {
      // Before the signal lets go: an abort that an SDK puts in its own words is told by it.
      const failure = toAppError(error, deadline.signal);
      deadline.end();
      throw failure;
    }
  };

  return (run) => {
    const { route, requestId, deadlineAtMs } = run;
    return cascade({
      legs: route.legs,
      signal: run.signal,
      now,
      call: (leg, signal) => {
        const retry = createRetry({
          config: route.agent?.retry ?? DEFAULT_RETRY,
          remainingMs: () => deadlineAtMs - now(),
          onRetry: (error, count, delayMs) =>
            log('INFO', 'leg retried', {
              request_id: requestId,
              provider: leg.provider,
              model: leg.model,
              code: error.code,
              attempt: count,
              delay_seconds: Math.round(delayMs) / 1000,
            }),
        });
        return retry((attemptSignal) => attempt(leg, run, attemptSignal), signal);
      },
      onFailure: (leg, error) =>
        log('WARNING', 'leg failed', {
          request_id: requestId,
          provider: leg.provider,
          model: leg.model,
          code: error.code,
          upstream_status: error.upstreamStatus,
          error: describeError(error),
        }),
    });
  };
}

function isRefusedKey(error: unknown): boolean {
  return error instanceof AppError && error.code === 'authentication';
}
