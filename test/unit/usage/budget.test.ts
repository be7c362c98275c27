import { describe, expect, it, vi } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import type { UsageEntry, UsageLedger } from '../../../shared/contracts/usage-ledger.ts';
import { type Budget, type BudgetOptions, type CostAlert, createBudget } from '../../../shared/usage/budget.ts';
import { createMemoryUsageLedger } from '../../../shared/usage/memory-ledger.ts';

const ENTRY: UsageEntry = { provider: 'p', model: 'm', promptTokens: 0, completionTokens: 0, costNanoUsd: 0 };
const NOON = Date.UTC(2030, 0, 1, 12);
const USD = 1_000_000_000;

/** Instances of a service over one ledger, with a clock that stands still until it is moved. */
function startService(limits: Partial<BudgetOptions['limits']> = {}, options: Partial<BudgetOptions> = {}) {
  const clock = { now: NOON };
  const now = () => clock.now;
  const stored = createMemoryUsageLedger({ now });
  const today = vi.fn(stored.today);
  const ledger: UsageLedger = { ...stored, today };
  const alerts: CostAlert[] = [];
  const warnings: string[] = [];
  const startInstance = (): Budget =>
    createBudget({
      ledger,
      limits: { trackCost: true, trackTokens: true, ...limits },
      now,
      onAlert: (alert) => alerts.push(alert),
      onWarning: (message) => warnings.push(message),
      ...options,
    });
  return { clock, stored, ledger, today, alerts, warnings, startInstance };
}

const tokens = (count: number): UsageEntry => ({ ...ENTRY, promptTokens: count - 1, completionTokens: 1 });
const usd = (amount: number): UsageEntry => ({ ...ENTRY, costNanoUsd: Math.round(amount * USD) });
const refusal = (budget: Budget, scope?: Parameters<Budget['check']>[0]) =>
  budget.check(scope).then(
    () => undefined,
    (error: unknown) => error as AppError,
  );

describe('the limits of a day', () => {
  it('let the last token through and refuse the one after it, until midnight', async () => {
    const { clock, startInstance } = startService({ dailyTokenLimit: 1_000_000 });
    const budget = startInstance();
    await budget.record(tokens(999_999));
    expect(await refusal(budget)).toBeUndefined();
    await budget.record(tokens(1));
    expect(await refusal(budget)).toMatchObject({
      code: 'budget_exceeded',
      retryable: false,
      retryAfterMs: 12 * 3_600_000,
      message: 'The token limit of this day is used up. It is renewed at 2030-01-02T00:00:00.000Z.',
      details: { limit: 'daily_token_limit', resets_at: '2030-01-02T00:00:00.000Z' },
    });
    clock.now = Date.UTC(2030, 0, 1, 23, 59, 59, 999);
    expect((await refusal(budget))?.retryAfterMs).toBe(1);
    clock.now += 1;
    expect(await refusal(budget)).toBeUndefined();
  });

  it('hold for money, exactly', async () => {
    const budget = startService({ dailyUsd: 0.3 }).startInstance();
    await budget.record(usd(0.1));
    await budget.record({ ...ENTRY, costNanoUsd: 199_999_999 });
    expect(await refusal(budget)).toBeUndefined();
    await budget.record({ ...ENTRY, costNanoUsd: 1 });
    expect(await refusal(budget)).toMatchObject({ code: 'budget_exceeded', details: { limit: 'daily_usd' } });
  });

  it('hold for each key by itself', async () => {
    const budget = startService().startInstance();
    const key = { name: 'team-a', dailyBudgetUsd: 5 };
    await budget.record({ ...usd(5), key: 'team-b' });
    await budget.record({ ...usd(4.99), key: 'team-a' });
    expect(await refusal(budget, { key })).toBeUndefined();
    await budget.record({ ...usd(0.01), key: 'team-a' });
    expect(await refusal(budget, { key })).toMatchObject({
      message: expect.stringContaining('5 USD a day'),
      details: { limit: 'daily_budget_usd' },
    });
    expect(await refusal(budget, { key: { name: 'team-b' } })).toBeUndefined();
    expect(await refusal(budget)).toBeUndefined();
  });

  it('count the tokens of a call without a known price', async () => {
    const { stored, startInstance } = startService({ dailyTokenLimit: 10, dailyUsd: 1 });
    const budget = startInstance();
    await budget.record({ ...tokens(10), costNanoUsd: null });
    expect(await refusal(budget)).toMatchObject({ details: { limit: 'daily_token_limit' } });
    expect(await stored.today()).toMatchObject({ costNanoUsd: 0, unpriced: 1 });
  });

  it('are not spoilt by an entry with a broken number', async () => {
    const budget = startService({ dailyTokenLimit: 10 }).startInstance();
    for (const entry of [{ ...ENTRY, promptTokens: Number.NaN }, tokens(10)]) await budget.record(entry);
    expect(await refusal(budget)).toMatchObject({ code: 'budget_exceeded' });
  });

  it('count what other instances used, as of the last read', async () => {
    const { clock, startInstance } = startService({ dailyTokenLimit: 100 });
    const [one, other] = [startInstance(), startInstance()];
    await one.record(tokens(60));
    // A new instance reads before its first answer.
    await other.check();
    await one.record(tokens(40));
    expect(await refusal(other)).toBeUndefined();
    clock.now += 10_000;
    expect(await refusal(other)).toBeUndefined();
    await other.close();
    expect(await refusal(other)).toMatchObject({ code: 'budget_exceeded' });
  });

  it('count nothing twice that was recorded while the ledger was read', async () => {
    const { clock, ledger, stored, startInstance } = startService({ dailyTokenLimit: 100 });
    let answer = (): void => {};
    const budget = startInstance();
    await budget.check();
    await budget.record(tokens(30));
    clock.now += 10_000;
    vi.mocked(ledger.today).mockImplementationOnce(async () => {
      const usage = await stored.today();
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return usage;
    });
    await budget.check();
    await budget.record(tokens(69));
    expect(await refusal(budget)).toBeUndefined();
    answer();
    await budget.close();
    expect(await refusal(budget)).toBeUndefined();
    await budget.record(tokens(1));
    expect(await refusal(budget)).toMatchObject({ code: 'budget_exceeded' });
  });
});

describe('reading the ledger', () => {
  it('does not hide what was recorded here before', async () => {
    const { clock, today, startInstance } = startService({ dailyTokenLimit: 100 });
    const budget = startInstance();
    await budget.check();
    await budget.record(tokens(30));
    clock.now += 10_000;
    today.mockReturnValue(new Promise(() => {}));
    expect(await refusal(budget)).toBeUndefined();
    await budget.record(tokens(70));
    expect(await refusal(budget)).toMatchObject({ code: 'budget_exceeded' });
  });

  it('happens once for many requests, and not again before its time', async () => {
    const { clock, today, startInstance } = startService({ dailyTokenLimit: 10 });
    const budget = startInstance();
    await Promise.all(Array.from({ length: 50 }, () => budget.check()));
    expect(today).toHaveBeenCalledTimes(1);
    clock.now += 9_999;
    await budget.check();
    expect(today).toHaveBeenCalledTimes(1);
    clock.now += 1;
    await Promise.all([budget.check(), budget.check()]);
    expect(today).toHaveBeenCalledTimes(2);
  });

  it('does not happen where nothing is limited', async () => {
    const { today, startInstance } = startService();
    const budget = startInstance();
    await budget.check({ key: { name: 'a' } });
    await budget.record(tokens(5));
    expect(today).not.toHaveBeenCalled();
  });

  it('is not waited for while what is known is fresh enough, and is when it is not', async () => {
    const { clock, stored, startInstance } = startService({ dailyTokenLimit: 10 });
    const [fresh, stale] = [startInstance(), startInstance()];
    await Promise.all([fresh.check(), stale.check()]);
    await stored.add(tokens(10));
    clock.now += 60_000;
    expect(await refusal(fresh)).toBeUndefined();
    clock.now += 1;
    expect(await refusal(stale)).toMatchObject({ code: 'budget_exceeded' });
  });

  it('is not needed right after midnight', async () => {
    const { clock, today, startInstance } = startService({ dailyTokenLimit: 10 }, { strict: true });
    clock.now = Date.UTC(2030, 0, 2, 0, 0, 9);
    await startInstance().check();
    expect(today).not.toHaveBeenCalled();
  });

  it('that fails lets requests through with a warning, and keeps counting here', async () => {
    const { clock, today, warnings, startInstance } = startService({ dailyTokenLimit: 100 });
    today.mockRejectedValue(new AppError('network', 'Firestore cannot be reached.'));
    const budget = startInstance();
    await budget.check();
    await budget.check();
    expect(warnings).toEqual(['the usage ledger cannot be read']);
    await budget.record(tokens(60));
    clock.now += 10_000;
    await budget.check();
    expect(warnings).toHaveLength(2);
    await budget.record(tokens(40));
    expect(await refusal(budget)).toMatchObject({ code: 'budget_exceeded' });
  });

  it('that fails refuses requests in strict mode once what is known is too old', async () => {
    const { clock, today, startInstance } = startService({ dailyTokenLimit: 100 }, { strict: true });
    const budget = startInstance();
    await budget.check();
    today.mockRejectedValue(new AppError('network', 'Firestore cannot be reached.'));
    clock.now += 60_000;
    expect(await refusal(budget)).toBeUndefined();
    await budget.close();
    clock.now += 10_000;
    expect(await refusal(budget)).toMatchObject({ code: 'server_error', retryable: true, retryAfterMs: 10_000 });
    today.mockReset();
    today.mockImplementation(createMemoryUsageLedger({ now: () => clock.now }).today);
    clock.now += 10_000;
    expect(await refusal(budget)).toBeUndefined();
  });

  it('that hangs holds up the first requests for a moment only', async () => {
    const { today, startInstance } = startService({ dailyTokenLimit: 100 }, { patienceMs: 5 });
    today.mockReturnValue(new Promise(() => {}));
    await expect(startInstance().check()).resolves.toBeUndefined();
  });

  it('that ends after midnight says nothing about the new day', async () => {
    const { clock, ledger, stored, startInstance } = startService({ dailyTokenLimit: 10 });
    await stored.add(tokens(10));
    const budget = startInstance();
    const yesterday = await stored.today();
    let answer = (_usage: typeof yesterday): void => {};
    clock.now = Date.UTC(2030, 0, 1, 23, 59, 59);
    vi.mocked(ledger.today).mockReturnValueOnce(
      new Promise((resolve) => {
        answer = resolve;
      }),
    );
    const checked = refusal(budget);
    clock.now += 2_000;
    answer(yesterday);
    expect(await checked).toBeUndefined();
    expect(await refusal(budget)).toBeUndefined();
  });
});

describe('the cost alert', () => {
  it('goes off when the cost is above the threshold, once a day', async () => {
    const { clock, alerts, startInstance } = startService({ costAlertThresholdUsd: 100 });
    const budget = startInstance();
    const record = async (amount: number) => {
      await budget.record(usd(amount));
      await budget.close();
    };
    await record(99.99);
    await record(0.01);
    expect(alerts).toEqual([]);
    await record(0.01);
    await record(50);
    expect(alerts).toEqual([{ day: '2030-01-01', thresholdUsd: 100, costUsd: 100.01 }]);
    clock.now += 86_400_000;
    await record(100);
    expect(alerts).toHaveLength(1);
    await record(1);
    expect(alerts).toHaveLength(2);
  });

  it('goes off once over several instances, none of which is above the threshold alone', async () => {
    const { clock, alerts, startInstance } = startService({ costAlertThresholdUsd: 100 });
    const instances = [startInstance(), startInstance(), startInstance()];
    for (const budget of instances) {
      await budget.record(usd(40));
      await budget.close();
    }
    expect(alerts).toEqual([{ day: '2030-01-01', thresholdUsd: 100, costUsd: 120 }]);
    clock.now += 10_000;
    for (const budget of instances) {
      await budget.record(usd(0));
      await budget.close();
    }
    expect(alerts).toHaveLength(1);
  });

  it('of a day that ended while the ledger was read does not use up the one of the next', async () => {
    const { clock, ledger, stored, alerts, startInstance } = startService({ costAlertThresholdUsd: 1 });
    await stored.add(usd(2));
    const yesterday = await stored.today();
    let answer = (): void => {};
    vi.mocked(ledger.today).mockImplementationOnce(async () => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return yesterday;
    });
    const budget = startInstance();
    await budget.record(usd(0));
    clock.now = Date.UTC(2030, 0, 2);
    answer();
    await budget.close();
    expect(alerts).toEqual([]);
    await budget.record(usd(2));
    await budget.close();
    expect(alerts).toHaveLength(1);
  });

  it('is claimed again later when the ledger was down', async () => {
    const { clock, ledger, alerts, warnings, startInstance } = startService({ costAlertThresholdUsd: 1 });
    const claim = vi.spyOn(ledger, 'claimOnce').mockRejectedValue(new AppError('network', 'down'));
    const budget = startInstance();
    for (let count = 0; count < 5; count += 1) {
      await budget.record(usd(2));
      await budget.close();
    }
    expect([claim.mock.calls.length, warnings, alerts]).toEqual([1, ['the cost alert could not be claimed'], []]);
    claim.mockResolvedValue(true);
    clock.now += 10_000;
    await budget.record(usd(2));
    await budget.close();
    expect(alerts).toEqual([{ day: '2030-01-01', thresholdUsd: 1, costUsd: 12 }]);
  });
});

describe('recording', () => {
  it('writes no cost where costs are not tracked, no tokens where tokens are not, and nothing where neither is', async () => {
    const { stored, startInstance } = startService({ trackCost: false });
    await startInstance().record({ ...tokens(10), costNanoUsd: 7 });
    await startInstance().record({ ...tokens(10), costNanoUsd: null });
    expect(await stored.today()).toMatchObject({ requests: 2, promptTokens: 18, costNanoUsd: 0, unpriced: 0 });

    const costOnly = startService({ trackTokens: false });
    await costOnly.startInstance().record({ ...tokens(10), costNanoUsd: 7 });
    expect(await costOnly.stored.today()).toMatchObject({ requests: 1, promptTokens: 0, costNanoUsd: 7 });

    const nothing = startService({ trackTokens: false, trackCost: false });
    await nothing.startInstance().record(tokens(10));
    expect((await nothing.stored.today()).requests).toBe(0);
  });

  it('tells its caller when the ledger does not take the entry, and counts it here all the same', async () => {
    const { ledger, startInstance } = startService({ dailyTokenLimit: 10 });
    ledger.add = async () => {
      throw new AppError('network', 'down');
    };
    const budget = startInstance();
    await budget.check();
    await expect(budget.record(tokens(10))).rejects.toMatchObject({ code: 'network' });
    expect(await refusal(budget)).toMatchObject({ code: 'budget_exceeded' });
  });
});
