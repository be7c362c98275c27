import { AppError } from '../contracts/app-error.ts';
import type { UsageEntry, UsageLedger } from '../contracts/usage-ledger.ts';
import { type BudgetLimits, toTrackedEntry } from './budget-limits.ts';
import { toNanoUsd, toUsd } from './cost.ts';
import { nextDayMs, startOfDayMs, toDay } from './day.ts';
import { emptySpending, fromUsage, mergeSpending, type Spending, spend } from './spending.ts';

export interface CostAlert {
  /** UTC day, `YYYY-MM-DD`. */
  readonly day: string;
  readonly thresholdUsd: number;
  /** The day's cost when the alert went off. */
  readonly costUsd: number;
}

export interface BudgetOptions {
  readonly ledger: UsageLedger;
  readonly limits: BudgetLimits;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Called once per UTC day, by one instance, when the day's cost goes above the threshold. Must not throw. */
  readonly onAlert?: (alert: CostAlert) => void;
  /** Told when the ledger does not answer, at most once per `refreshMs`. Must not throw. */
  readonly onWarning?: (message: string, error?: unknown) => void;
  /** Refuse requests, instead of letting them through, while the ledger cannot be read. Default false. */
  readonly strict?: boolean;
  /** Shortest time between two reads of the ledger. Default 10,000. */
  readonly refreshMs?: number;
  /** What was read longer ago than this is not relied on without trying to read again. Default 60,000. */
  readonly maxAgeMs?: number;
  /** Longest a request waits for such a read. Default 3,000. */
  readonly patienceMs?: number;
}

export interface BudgetScope {
  readonly key?: {
    readonly name: string;
    readonly dailyBudgetUsd?: number;
    readonly tokensPerMinute?: number;
  };
}

export interface Budget {
  /**
   * Before a call.
   * @throws AppError `budget_exceeded` with the time until the next UTC day; in strict mode `server_error` while the
   * ledger cannot be read.
   */
  check(scope?: BudgetScope): Promise<void>;
  /** After a call, a failed one that used something included. Rejects only when the ledger's `add` does. */
  record(entry: UsageEntry): Promise<void>;
  /** Waits for reads and alerts that are under way. To be closed before the ledger. */
  close(): Promise<void>;
}

interface Day {
  readonly day: string;
  /** As the ledger had it, all instances together. */
  known: Spending;
  /** Of this instance, since the last read began. */
  own: Spending;
  /** Of this instance, between the read before and the one that is under way. */
  beforeRead: Spending;
  reading: Promise<void> | undefined;
  triedAtMs: number | undefined;
  readAtMs: number;
  alert: 'open' | 'claiming' | 'done';
  claimedAtMs: number | undefined;
}

const ALERT_NAME = 'cost_alert_threshold';

/**
 * Keeps a day's tokens and money within limits, without asking the ledger at every request: it knows the ledger as of
 * `refreshMs` ago and what this instance has added since. So a limit is overshot by what requests under way still use
 * and by what other instances used since they were last seen (`refreshMs` plus the second a ledger may take to write),
 * never by more.
 */
export function createBudget({
  ledger,
  limits,
  now = Date.now,
  onAlert = () => {},
  onWarning = () => {},
  strict = false,
  refreshMs = 10_000,
  maxAgeMs = 60_000,
  patienceMs = 3_000,
}: BudgetOptions): Budget {
  const underWay = new Set<Promise<void>>();
  const threshold = limits.costAlertThresholdUsd;
  let current: Day | undefined;

  const today = (): Day => {
    const day = toDay(now());
    if (current?.day !== day) current = beginDay(day, startOfDayMs(now()));
    return current;
  };

  const track = (work: Promise<void>): Promise<void> => {
    underWay.add(work);
    return work.finally(() => underWay.delete(work));
  };

  const read = async (state: Day): Promise<void> => {
    const startedAtMs = now();
    state.triedAtMs = startedAtMs;
    state.beforeRead = state.own;
    state.own = emptySpending();
    try {
      state.known = fromUsage(await ledger.today());
      state.readAtMs = startedAtMs;
    } catch (error) {
      mergeSpending(state.own, state.beforeRead);
      onWarning('the usage ledger cannot be read', error);
    } finally {
      state.beforeRead = emptySpending();
    }
    alertIfAbove(state);
  };

  /** The read that is under way, or a new one when it is time for it. */
  const refresh = (state: Day): Promise<void> | undefined => {
    const due = state.triedAtMs === undefined || now() - state.triedAtMs >= refreshMs;
    if (state.reading === undefined && due && now() - state.readAtMs >= refreshMs) {
      const reading = read(state).finally(() => {
        state.reading = undefined;
      });
      state.reading = track(reading);
    }
    return state.reading;
  };

  const alertIfAbove = (state: Day): void => {
    // A claim is one of the ledger's day: yesterday's cost must not use up today's.
    if (state !== today()) return;
    if (threshold === undefined || state.alert !== 'open' || totalOf(state).nanoUsd <= toNanoUsd(threshold)) return;
    if (state.claimedAtMs !== undefined && now() - state.claimedAtMs < refreshMs) return;
    state.alert = 'claiming';
    state.claimedAtMs = now();
    void track(claimAlert(state, threshold));
  };

  const claimAlert = async (state: Day, thresholdUsd: number): Promise<void> => {
    try {
      const first = await ledger.claimOnce(ALERT_NAME);
      state.alert = 'done';
      if (first) onAlert({ day: state.day, thresholdUsd, costUsd: toUsd(totalOf(state).nanoUsd) });
    } catch (error) {
      state.alert = 'open';
      onWarning('the cost alert could not be claimed', error);
    }
  };

  const refuseAbove = ({ key }: BudgetScope, state: Day): void => {
    const { tokens, nanoUsd, nanoUsdOfKey } = totalOf(state);
    if (limits.dailyTokenLimit !== undefined && tokens >= limits.dailyTokenLimit) {
      throw exceeded('daily_token_limit', 'The token limit of this day is used up.', now());
    }
    if (limits.dailyUsd !== undefined && nanoUsd >= toNanoUsd(limits.dailyUsd)) {
      throw exceeded('daily_usd', 'The budget of this day is used up.', now());
    }
    const budget = key?.dailyBudgetUsd;
    if (key !== undefined && budget !== undefined && nanoUsdOfKey(key.name) >= toNanoUsd(budget)) {
      throw exceeded('daily_budget_usd', `The API key's budget of ${budget} USD a day is used up.`, now());
    }
  };

  return {
    async check(scope = {}) {
      const isLimited =
        limits.dailyTokenLimit !== undefined ||
        limits.dailyUsd !== undefined ||
        scope.key?.dailyBudgetUsd !== undefined;
      if (!isLimited) return;
      const isTooOld = (): boolean => now() - today().readAtMs > maxAgeMs;
      const reading = refresh(today());
      if (reading !== undefined && isTooOld()) {
        await settled(reading, patienceMs - (now() - (today().triedAtMs ?? now())));
      }
      if (strict && isTooOld()) {
        throw new AppError('server_error', 'The budget cannot be checked at the moment. Try again shortly.', {
          retryable: true,
          retryAfterMs: refreshMs,
        });
      }
      // Not before: midnight may have passed during the wait.
      refuseAbove(scope, today());
    },

    async record(entry) {
      const tracked = toTrackedEntry(entry, limits);
      if (tracked === undefined) return;
      const state = today();
      spend(state.own, tracked);
      const added = ledger.add(tracked);
      // A check does not come by where an alert is all that was asked for.
      if (threshold !== undefined && state.alert === 'open') void refresh(state);
      alertIfAbove(state);
      await added;
    },

    async close() {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
  };
}

/** Nothing is used up at midnight: that much is known without reading. */
function beginDay(day: string, startMs: number): Day {
  return {
    day,
    known: emptySpending(),
    own: emptySpending(),
    beforeRead: emptySpending(),
    reading: undefined,
    triedAtMs: undefined,
    readAtMs: startMs,
    alert: 'open',
    claimedAtMs: undefined,
  };
}

function totalOf({ known, own, beforeRead }: Day) {
  const parts = [known, own, beforeRead];
  return {
    tokens: sumOf(parts.map(({ tokens }) => tokens)),
    nanoUsd: sumOf(parts.map(({ nanoUsd }) => nanoUsd)),
    nanoUsdOfKey: (name: string) => sumOf(parts.map(({ keys }) => keys.get(name) ?? 0)),
  };
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function exceeded(limit: string, message: string, nowMs: number): AppError {
  const resetsAtMs = nextDayMs(nowMs);
  const resetsAt = new Date(resetsAtMs).toISOString();
  return new AppError('budget_exceeded', `${message} It is renewed at ${resetsAt}.`, {
    retryable: false,
    retryAfterMs: resetsAtMs - nowMs,
    details: { limit, resets_at: resetsAt },
  });
}

/** Waits until the work is done, but not longer than that. */
async function settled(work: Promise<void>, patienceMs: number): Promise<void> {
  if (patienceMs <= 0) return;
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, patienceMs);
  });
  await Promise.race([work, timeUp]).finally(() => clearTimeout(timer));
}
