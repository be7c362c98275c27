import type { RateConfig } from '../config/types.ts';
import { AppError, toAppError } from '../contracts/app-error.ts';
import { type BucketRate, bucketWaitMs, FULL_BUCKET, perMinute, takeFromBucket, toWholeMs } from './token-bucket.ts';

export interface RateLimiterOptions {
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
  /** Resolves after the time, rejects when the signal is aborted and then leaves no timer behind. */
  readonly sleep: (delayMs: number, signal: AbortSignal) => Promise<void>;
}

export interface RateRequest {
  /** Estimate of what the call will use, prompt and answer. */
  readonly tokens: number;
  readonly signal: AbortSignal;
  /** The longest wait that still leaves time for the call; `Infinity` when there is no deadline. */
  readonly remainingMs: number;
}

/** The right to make one call. Only the first of `settle` and `cancel` counts; with neither, the estimate stands. */
export interface Reservation {
  /** What the call used in truth: the rest goes back, or what was missing is owed by those who come after. */
  settle(actualTokens: number): void;
  /** The call was never made: everything goes back. */
  cancel(): void;
}

export interface RateLimit {
  /**
   * Resolves when the call may be made, at once when nothing has to be waited for, else in the order of arrival.
   * @throws AppError `rate_limit` with `retryAfterMs`, without any wait, when the turn would come after `remainingMs`;
   * what the signal was aborted with. Neither uses anything up.
   */
  acquire(request: RateRequest): Promise<Reservation>;
}

export interface RateLimiter {
  /** The limit of a provider's key. The rate a name was first given holds for good. */
  for(name: string, rate: RateConfig): RateLimit;
}

/** Requests and tokens per minute for each name, in memory, per instance. A minute's worth may be used at once. */
export function createRateLimiter({ now = () => performance.now(), sleep }: RateLimiterOptions): RateLimiter {
  const limits = new Map<string, RateLimit>();
  return {
    for(name, rate) {
      let limit = limits.get(name);
      if (limit === undefined) {
        limit = createLimit({ rate, now, sleep });
        limits.set(name, limit);
      }
      return limit;
    },
  };
}

interface Waiter {
  readonly costs: readonly number[];
  readonly deadlineMs: number;
  readonly admit: () => void;
  readonly refuse: (error: AppError) => void;
}

/** The state of each bucket at a time; for those who wait, as it will be once everyone before them had a turn. */
interface Outlook {
  readonly states: readonly number[];
  readonly atMs: number;
}

/** Timers take no more; a longer wait is slept in parts. */
const LONGEST_SLEEP_MS = 2 ** 31 - 1;

const UNLIMITED: RateLimit = {
  async acquire({ signal }) {
    if (signal.aborted) throw toAppError(signal.reason, signal);
    return { settle: () => {}, cancel: () => {} };
  },
};

function createLimit({ rate, now, sleep }: Required<RateLimiterOptions> & { readonly rate: RateConfig }): RateLimit {
  const { requestsPerMinute, tokensPerMinute } = rate;
  const rates = [requestsPerMinute, tokensPerMinute].flatMap((amount) =>
    amount === undefined ? [] : [perMinute(amount)],
  );
  if (rates.length === 0) return UNLIMITED;
  /** In the order of `rates`. */
  const toCosts = (requests: number, tokens: number): readonly number[] => [
    ...(requestsPerMinute === undefined ? [] : [requests]),
    ...(tokensPerMinute === undefined ? [] : [tokens]),
  ];

  const waiters = new Set<Waiter>();
  let states: readonly number[] = rates.map(() => FULL_BUCKET);
  /** After the last of `waiters`; means nothing while nobody waits. */
  let outlook: Outlook = { states, atMs: 0 };
  let alarm: AbortController | undefined;

  /** Lets in whoever's turn it is, refuses whoever's turn would now come too late, and sleeps until the next turn. */
  const advance = (): void => {
    alarm?.abort();
    alarm = undefined;
    const startMs = now();
    let nextMs: number | undefined;
    outlook = { states, atMs: startMs };
    for (const waiter of waiters) {
      const turnMs = turnOf(rates, waiter.costs, outlook);
      if (turnMs > startMs && turnMs >= waiter.deadlineMs) {
        waiters.delete(waiter);
        waiter.refuse(toRefusal(turnMs - startMs));
        continue;
      }
      outlook = afterTurn(rates, waiter.costs, outlook, turnMs);
      if (turnMs > startMs) {
        nextMs ??= turnMs;
      } else {
        states = outlook.states;
        waiters.delete(waiter);
        waiter.admit();
      }
    }
    if (nextMs !== undefined) wakeAfter(nextMs - startMs);
  };

  const wakeAfter = (delayMs: number): void => {
    alarm = new AbortController();
    sleep(Math.min(toWholeMs(delayMs), LONGEST_SLEEP_MS), alarm.signal).then(advance, () => {});
  };

  const waitInLine = (costs: readonly number[], deadlineMs: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const leave = (settle: () => void): void => {
        signal.removeEventListener('abort', onAbort);
        settle();
      };
      const waiter: Waiter = {
        costs,
        deadlineMs,
        admit: () => leave(resolve),
        refuse: (error) => leave(() => reject(error)),
      };
      const onAbort = (): void => {
        waiters.delete(waiter);
        reject(toAppError(signal.reason, signal));
        advance();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      waiters.add(waiter);
    });

  const toReservation = (tokens: number): Reservation => {
    let open = true;
    const correctBy = (requests: number, difference: number): void => {
      if (!open) return;
      open = false;
      const costs = toCosts(requests, difference);
      const atMs = now();
      states = afterTurn(rates, costs, { states, atMs }, atMs).states;
      if (waiters.size > 0) advance();
    };
    return {
      settle: (actualTokens) => correctBy(0, toCount(actualTokens, tokens) - tokens),
      cancel: () => correctBy(-1, -tokens),
    };
  };

  return {
    async acquire({ tokens: estimate, signal, remainingMs }) {
      if (signal.aborted) throw toAppError(signal.reason, signal);
      const tokens = toCount(estimate, 0);
      const costs = toCosts(1, tokens);
      const startMs = now();
      // The alarm is late: whoever has waited goes first.
      if (waiters.size > 0 && outlook.atMs <= startMs) advance();
      const alone = waiters.size === 0;
      const from = alone ? { states, atMs: startMs } : { ...outlook, atMs: Math.max(outlook.atMs, startMs) };
      const turnMs = turnOf(rates, costs, from);
      if (alone && turnMs <= startMs) {
        states = afterTurn(rates, costs, from, turnMs).states;
        return toReservation(tokens);
      }
      if (turnMs - startMs >= remainingMs) throw toRefusal(turnMs - startMs);
      outlook = afterTurn(rates, costs, from, turnMs);
      if (alone) wakeAfter(turnMs - startMs);
      await waitInLine(costs, startMs + remainingMs, signal);
      return toReservation(tokens);
    },
  };
}

function turnOf(rates: readonly BucketRate[], costs: readonly number[], { states, atMs }: Outlook): number {
  return (
    atMs +
    Math.max(...rates.map((rate, index) => bucketWaitMs(rate, states[index] ?? FULL_BUCKET, costs[index] ?? 0, atMs)))
  );
}

function afterTurn(rates: readonly BucketRate[], costs: readonly number[], { states }: Outlook, atMs: number): Outlook {
  return {
    states: rates.map((rate, index) => takeFromBucket(rate, states[index] ?? FULL_BUCKET, costs[index] ?? 0, atMs)),
    atMs,
  };
}

/** A count that cannot break the arithmetic, whatever an estimate or an upstream says. */
function toCount(tokens: number, otherwise: number): number {
  return Number.isFinite(tokens) ? Math.max(0, tokens) : otherwise;
}

function toRefusal(waitMs: number): AppError {
  const retryAfterMs = toWholeMs(waitMs);
  const seconds = Math.ceil(retryAfterMs / 1000);
  return new AppError(
    'rate_limit',
    `This deployment limits its calls to the provider (limits.providers); the next one is possible in ${seconds} s.`,
    { retryAfterMs },
  );
}
