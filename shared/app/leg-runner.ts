import { SELF_HOSTED } from '../config/names.ts';
import { DEFAULT_RETRY } from '../config/normalize/retry.ts';
import { isInOwnNetwork } from '../config/own-machines.ts';
import type { SecretValue } from '../config/secret-value.ts';
import type { LegConfig, SluiceConfig } from '../config/types.ts';
import { AppError, type ErrorCode, toAppError } from '../contracts/app-error.ts';
import type { ChatCall, ChatCapabilities, ChatProvider, ChatRequest } from '../contracts/chat-provider.ts';
import type { HttpFetch } from '../contracts/http-fetch.ts';
import { type CascadeResult, cascade } from '../resilience/cascade.ts';
import type { CircuitBreakers } from '../resilience/circuit-breaker.ts';
import { createDeadline } from '../resilience/deadline.ts';
import { type KeyPool, keyFingerprint } from '../resilience/key-pool.ts';
import type { RateLimiter, Reservation } from '../resilience/rate-limiter.ts';
import { createRetry } from '../resilience/retry.ts';
import { type FittedRequest, fitRequest } from '../routing/fit-request.ts';
import type { LegLatency } from '../routing/leg-latency.ts';
import { createLegPrice } from '../routing/leg-price.ts';
import { narrowCapabilities } from '../routing/narrow-capabilities.ts';
import { orderLegs } from '../routing/order-legs.ts';
import { measurePrompt } from '../routing/prompt-size.ts';
import type { Route } from '../routing/resolve-model.ts';
import type { Call } from '../telemetry/call.ts';
import type { LegFinished, Telemetry } from '../telemetry/telemetry.ts';
import type { ModelCatalogue } from '../usage/catalogue.ts';
import type { Availability } from './availability.ts';
import { withLegDefaults } from './chat-request.ts';
import type { Credentials } from './credentials.ts';
import { createInlineImages, hasLinkedMedia, type InlineImages } from './inline-images.ts';

export interface LegRunnerOptions {
  readonly config: SluiceConfig;
  readonly provider: (name: string) => Promise<ChatProvider>;
  readonly credentials: Credentials;
  readonly catalogue: ModelCatalogue;
  /** The transport that reaches this leg's own target and no other. */
  readonly fetchFor: (leg: LegConfig) => HttpFetch;
  /** The transport for addresses that callers name: public servers alone. */
  readonly fetchPublic: HttpFetch;
  readonly policies: LegPolicies;
  readonly telemetry: Pick<Telemetry, 'legRetried'>;
  readonly now?: () => number;
  /** How retries wait; default the process's own timers. */
  readonly sleep?: (delayMs: number, signal: AbortSignal) => Promise<void>;
  readonly random?: () => number;
}

/** What is known about targets from one request to the next; per instance. */
export interface LegPolicies {
  readonly breakers: CircuitBreakers;
  readonly limiter: RateLimiter;
  readonly keys: KeyPool;
  readonly latency: LegLatency;
  readonly whyUnavailable: Availability;
}

export interface LegRun<Result> {
  readonly route: Route;
  readonly request: ChatRequest;
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
  /** Tells the rate limit what the call used in truth, once that is known. */
  readonly settleTokens: (tokens: number) => void;
  /** Tells that a stream broke off after its commit point, by the target's doing. */
  readonly reportBroken: (error: AppError) => void;
  /** The leg's account so far. Who knows what the answer used tells the rest when it is over. */
  readonly account: LegAccount;
}

/** What a leg has done until its commit point, and what it has taken. */
export interface LegAccount extends Pick<LegFinished, 'call' | 'provider' | 'model' | 'position' | 'streamed'> {
  /** Requests that were sent. */
  sends: number;
  /** On the clock of `now`. */
  readonly startedAtMs: number;
  /** Time to the commit point, once that is reached. */
  committedAfterMs?: number;
  /** Prompts that were sent and given up; the cost is null when it is not known. */
  lost?: { readonly promptTokens: number; readonly costUsd: number | null };
}

export type LegRunner = <Result>(run: LegRun<Result>) => Promise<CascadeResult<LegConfig, Called<Result>>>;

/** What one attempt is made with. */
interface Attempt<Result> {
  readonly leg: LegConfig;
  readonly run: LegRun<Result>;
  readonly key: SecretValue | undefined;
  readonly inlineImages: InlineImages;
  readonly account: LegAccount;
}

/** The leg's adapter, and the request as its model can take it. */
interface Fitted extends FittedRequest {
  readonly chat: ChatProvider;
  readonly abilities: ChatCapabilities;
}

/** An answer of usual length, counted against a rate limit until its real length is known. */
const EXPECTED_ANSWER_TOKENS = 500;

/**
 * The legs of a route in the order of its strategy, one after the other. Around each leg: circuit breaker → retry → key
 * rotation → rate limit → attempt limit → call. The rate limit stands inside the rotation because vendors count by key.
 */
export function createLegRunner(options: LegRunnerOptions): LegRunner {
  const {
    config,
    catalogue,
    policies,
    telemetry,
    sleep,
    now = () => performance.now(),
    random = Math.random,
  } = options;

  const reserve = async <Result>({ leg, run, key }: Attempt<Result>, signal: AbortSignal): Promise<Reservation> => {
    const rate = config.limits.providers[leg.provider];
    if (!rate) return NO_RESERVATION;
    const bucket = `${targetOf(leg)} ${key === undefined ? '' : keyFingerprint(key)}`;
    const { max_completion_tokens, max_tokens } = run.request;
    const answer = max_completion_tokens ?? max_tokens ?? leg.maxTokens ?? EXPECTED_ANSWER_TOKENS;
    const tokens =
      rate.tokensPerMinute === undefined
        ? 0
        : measurePrompt(run.request).tokens + Math.min(answer, EXPECTED_ANSWER_TOKENS);
    const remainingMs = run.deadlineAtMs - now();
    return await policies.limiter.for(bucket, rate).acquire({ tokens, signal, remainingMs });
  };

  const prepare = async <Result>({ leg, run }: Attempt<Result>): Promise<Fitted> => {
    const chat = await options.provider(leg.provider);
    const abilities = narrowCapabilities(chat.capabilities, leg, catalogue.find(leg.provider, leg.model));
    return {
      chat,
      abilities,
      ...fitRequest(leg.provider, abilities, withLegDefaults(run.request, leg, run.route.agent)),
    };
  };

  const call = async <Result>(
    { leg, run, key, inlineImages }: Attempt<Result>,
    { chat, abilities, request: fitted, dropped: unfit }: Fitted,
    { signal, onSend }: { readonly signal: AbortSignal; readonly onSend: () => void },
  ): Promise<Pick<Called<Result>, 'result' | 'dropped'>> => {
    const dropped = new Set(unfit);
    const fetchesHere = hasLinkedMedia(fitted) && (abilities.imageUrls === false || isInOwnNetwork(leg));
    const request = fetchesHere ? await withImages(run, inlineImages, fitted, signal) : fitted;
    const access = { ...leg, apiKeys: key === undefined ? [] : [key] };
    const credential = await options.credentials.forProvider(access, signal);
    const target = (current: string | undefined) => ({
      signal,
      fetch: options.fetchFor(leg),
      idleTimeoutMs: config.limits.idleTimeoutMs,
      firstByteTimeoutMs: leg.timeoutMs,
      ...(current === undefined ? {} : { credential: current }),
      ...(leg.endpoint === undefined ? {} : { endpoint: leg.endpoint }),
      ...(leg.project === undefined ? {} : { project: leg.project }),
      ...(leg.location === undefined ? {} : { location: leg.location }),
      ...(leg.keepAlive === undefined ? {} : { keepAlive: leg.keepAlive }),
      ...(leg.contextLength === undefined ? {} : { contextLength: leg.contextLength }),
    });
    // Alone, a target that seems to be down is asked all the same: it may be waking up.
    if (run.route.legs.length > 1) {
      const fault = await policies.whyUnavailable(targetOf(leg), chat, target(credential));
      if (fault !== undefined) throw fault;
    }
    onSend();
    const ask = (current: string | undefined): Promise<Result> =>
      run.finish(chat, {
        ...target(current),
        request,
        model: leg.model,
        onDropped: (parameter) => dropped.add(parameter),
      });
    const result = await ask(credential).catch(async (error: unknown) => {
      if (credential === undefined || !isRefusedKey(error)) throw error;
      const renewed = await options.credentials.renew(access, credential, signal);
      if (renewed === undefined) throw error;
      return await ask(renewed);
    });
    return { result, dropped: [...dropped] };
  };

  /** What a private agent is sent may not be told to a stranger's image server, not even by its address. */
  const withImages = async <Result>(
    { route }: LegRun<Result>,
    inlineImages: InlineImages,
    request: ChatRequest,
    signal: AbortSignal,
  ): Promise<ChatRequest> => {
    const isPrivate = route.agent?.localOnly === true || config.privacy?.mode === 'local_only';
    if (isPrivate) {
      throw new AppError('unsupported', 'This agent keeps to local models: send images and other media as data URLs.', {
        param: 'messages',
      });
    }
    return await inlineImages(request, signal);
  };

  const attempt = async <Result>(what: Attempt<Result>, signal: AbortSignal): Promise<Called<Result>> => {
    const { leg } = what;
    // Before the rate limit: what the leg cannot take must not wait there.
    const fitted = await prepare(what);
    const reservation = await reserve(what, signal);
    const deadline = createDeadline(signal, leg.timeoutMs, `${leg.provider}/${leg.model}`);
    const startedAtMs = now();
    let isSent = false;
    const onSend = (): void => {
      isSent = true;
      what.account.sends += 1;
    };
    try {
      const called = await call(what, fitted, { signal: deadline.signal, onSend });
      // A stream goes on under the caller's signal alone, its silence limited by the transport.
      deadline.disarm();
      policies.latency.record(leg, { latencyMs: now() - startedAtMs, failed: false });
      return {
        ...called,
        account: Object.assign(what.account, { committedAfterMs: now() - what.account.startedAtMs }),
        settleTokens: (tokens) => reservation.settle(tokens),
        reportBroken: (error) => {
          if (signal.aborted || !SLOW.has(error.code)) return;
          policies.latency.record(leg, { latencyMs: now() - startedAtMs, failed: true });
          const breaker = policies.breakers.for(circuitOf(leg));
          breaker(() => Promise.reject(error), signal).catch(() => {});
        },
      };
    } catch (error) {
      // Before the signal lets go: an abort that an SDK puts in its own words is told by it.
      const failure = toAppError(error, deadline.signal);
      deadline.end();
      if (isSent && !failure.usage && (failure.code === 'cancelled' || failure.code === 'timeout')) {
        what.run.onAbandoned?.(leg, what.account);
      }
      if (isSent) reservation.settle(failure.usage?.total_tokens ?? 0);
      else reservation.cancel();
      if (!signal.aborted && SLOW.has(failure.code)) {
        policies.latency.record(leg, { latencyMs: now() - startedAtMs, failed: true });
      }
      throw failure;
    }
  };

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
      windowOf: ({ provider, model }) => catalogue.find(provider, model)?.contextWindow,
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

/** Failures that a caller of the leg would have had to wait for or to do without; others are about the request. */
const SLOW: ReadonlySet<ErrorCode> = new Set(['rate_limit', 'timeout', 'network', 'server_error']);

const NO_RESERVATION: Reservation = { settle: () => {}, cancel: () => {} };

/** What is healthy or not: one model may be down while its neighbour at the same address answers. */
function circuitOf(leg: LegConfig): string {
  return `${targetOf(leg)} ${leg.model}`;
}

/** What can be reached or not, and whose keys are limited: a provider at an address. */
function targetOf({ provider, endpoint = '', project = '', location = '' }: LegConfig): string {
  return [provider, endpoint, project, location].join(' ');
}

/** Cloud Run, and what stands before a server in other places, while no instance is up. */
function isStarting({ upstreamStatus }: AppError): boolean {
  return upstreamStatus === 503;
}

function isRefusedKey(error: unknown): boolean {
  return error instanceof AppError && error.code === 'authentication';
}
