import { isInOwnNetwork } from '../../config/own-machines.ts';
import type { SecretValue } from '../../config/secret-value.ts';
import type { LegConfig, SluiceConfig } from '../../config/types.ts';
import { AppError, type ErrorCode, toAppError } from '../../contracts/app-error.ts';
import type { ChatCapabilities, ChatProvider, ChatRequest } from '../../contracts/chat-provider.ts';
import type { HttpFetch } from '../../contracts/http-fetch.ts';
import { createDeadline } from '../../resilience/deadline.ts';
import { keyFingerprint } from '../../resilience/key-pool.ts';
import type { Reservation } from '../../resilience/rate-limiter.ts';
import { type FittedRequest, fitRequest } from '../../routing/fit-request.ts';
import { narrowCapabilities } from '../../routing/narrow-capabilities.ts';
import { measurePrompt } from '../../routing/prompt-size.ts';
import type { ModelCatalogue } from '../../usage/catalogue.ts';
import { withLegDefaults } from '../chat/chat-request.ts';
import type { Credentials } from '../credentials.ts';
import { hasLinkedMedia, type InlineImages } from './inline-images.ts';
import { type Called, circuitOf, type LegAccount, type LegPolicies, type LegRun, targetOf } from './leg-run.ts';

export interface LegAttemptOptions {
  readonly config: SluiceConfig;
  readonly provider: (name: string) => Promise<ChatProvider>;
  readonly credentials: Credentials;
  readonly catalogue: ModelCatalogue;
  /** The transport that reaches this leg's own target and no other. */
  readonly fetchFor: (leg: LegConfig) => HttpFetch;
  readonly policies: Pick<LegPolicies, 'breakers' | 'limiter' | 'latency' | 'whyUnavailable'>;
  readonly now: () => number;
}

/** What one attempt is made with. */
export interface Attempt<Result> {
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

export type AttemptLeg = <Result>(what: Attempt<Result>, signal: AbortSignal) => Promise<Called<Result>>;

/** An answer of usual length, counted against a rate limit until its real length is known. */
const EXPECTED_ANSWER_TOKENS = 500;

/** One attempt at a leg: rate limit → attempt limit → call. The rate limit counts by key, as vendors do. */
export function createLegAttempt(options: LegAttemptOptions): AttemptLeg {
  const { config, catalogue, policies, now } = options;

  const reserve = async <Result>(
    { leg, run, key }: Attempt<Result>,
    { request }: Fitted,
    signal: AbortSignal,
  ): Promise<Reservation> => {
    const rate = config.limits.providers[leg.provider];
    if (!rate) return NO_RESERVATION;
    const bucket = `${targetOf(leg)} ${key === undefined ? '' : keyFingerprint(key)}`;
    const { max_completion_tokens, max_tokens } = run.request;
    const answer = max_completion_tokens ?? max_tokens ?? leg.maxTokens ?? EXPECTED_ANSWER_TOKENS;
    const tokens =
      rate.tokensPerMinute === undefined ? 0 : measurePrompt(request).tokens + Math.min(answer, EXPECTED_ANSWER_TOKENS);
    const remainingMs = run.deadlineAtMs - now();
    return await policies.limiter.for(bucket, rate).acquire({ tokens, signal, remainingMs });
  };

  const prepare = async <Result>({ leg, run }: Attempt<Result>): Promise<Fitted> => {
    const chat = await options.provider(leg.provider);
    const asked = run.requestFor?.(leg) ?? run.request;
    const abilities = narrowCapabilities(chat.capabilities, leg, catalogue.find(leg.provider, leg.model));
    return {
      chat,
      abilities,
      ...fitRequest(leg.provider, abilities, withLegDefaults(asked, leg, run.route.agent)),
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
    // An only leg is asked even when its target seems to be down: the target may be starting.
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

  /**
   * The request with linked media fetched here. Refused for private agents: whoever serves the link would learn of the
   * request.
   */
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

  return async (what, signal) => {
    const { leg } = what;
    // Before the rate limit, so that a request that the leg cannot take is refused without a wait.
    const fitted = await prepare(what);
    const reservation = await reserve(what, fitted, signal);
    const deadline = createDeadline(signal, leg.timeoutMs, `${leg.provider}/${leg.model}`);
    const startedAtMs = now();
    let isSent = false;
    const onSend = (): void => {
      isSent = true;
      what.account.sends += 1;
    };
    try {
      const called = await call(what, fitted, { signal: deadline.signal, onSend });
      // A stream that has begun may take longer than the leg's time limit; the transport limits its silence.
      deadline.disarm();
      policies.latency.record(leg, { latencyMs: now() - startedAtMs, failed: false });
      return {
        ...called,
        account: Object.assign(what.account, { committedAfterMs: now() - what.account.startedAtMs }),
        settleTokens: (tokens) => reservation.settle(tokens),
        reportBroken: (error) => {
          if (signal.aborted || !TARGET_FAILURES.has(error.code)) return;
          policies.latency.record(leg, { latencyMs: now() - startedAtMs, failed: true });
          const breaker = policies.breakers.for(circuitOf(leg));
          breaker(() => Promise.reject(error), signal).catch(() => {});
        },
      };
    } catch (error) {
      // Before the deadline ends: an SDK throws its own error for an abort, and only the signal says that it was one.
      const failure = toAppError(error, deadline.signal);
      deadline.end();
      if (isSent && !failure.usage && (failure.code === 'cancelled' || failure.code === 'timeout')) {
        what.run.onAbandoned?.(leg, what.account);
      }
      if (isSent) reservation.settle(failure.usage?.total_tokens ?? 0);
      else reservation.cancel();
      if (!signal.aborted && TARGET_FAILURES.has(failure.code)) {
        policies.latency.record(leg, { latencyMs: now() - startedAtMs, failed: true });
      }
      throw failure;
    }
  };
}

/** Failures of the target, which count against its latency. All others are about the request. */
const TARGET_FAILURES: ReadonlySet<ErrorCode> = new Set(['rate_limit', 'timeout', 'network', 'server_error']);

const NO_RESERVATION: Reservation = { settle: () => {}, cancel: () => {} };

function isRefusedKey(error: unknown): boolean {
  return error instanceof AppError && error.code === 'authentication';
}
