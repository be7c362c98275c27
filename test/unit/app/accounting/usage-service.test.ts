import { describe, expect, it } from 'vitest';
import { createUsageService, type UsageServiceOptions } from '../../../../shared/app/accounting/usage-service.ts';
import type { Caller } from '../../../../shared/app/caller.ts';
import type { UsageEntry } from '../../../../shared/contracts/usage-ledger.ts';
import { createMemoryUsageLedger } from '../../../../shared/usage/memory-ledger.ts';

const NOON = Date.UTC(2030, 0, 31, 12);
const DAY_MS = 86_400_000;
const ENTRY: UsageEntry = {
  provider: 'openai',
  model: 'gpt-4o',
  tenant: 't1',
  key: 'team-a',
  promptTokens: 100,
  completionTokens: 20,
  costNanoUsd: 300_000_000,
};
const OPERATOR: Caller = { tenant: null };
const FIGURES = {
  requests: 1,
  prompt_tokens: 100,
  completion_tokens: 20,
  total_tokens: 120,
  cost_usd: 0.3,
  unpriced: 0,
};
const NOTHING = { requests: 0, prompt_tokens: 0, completion_tokens: 0, total_tokens: 0, cost_usd: 0, unpriced: 0 };

/** A service whose ledger got one entry of each kind: each `age` days ago. */
async function startService({
  entries = [],
  observability = {},
  limits = {},
  keys = [],
}: {
  entries?: readonly (Partial<UsageEntry> & { readonly age?: number })[];
  observability?: object;
  limits?: object;
  keys?: readonly object[];
} = {}) {
  const clock = { now: NOON };
  const now = () => clock.now;
  const ledger = createMemoryUsageLedger({ now });
  for (const { age = 0, ...entry } of [...entries].sort((a, b) => (b.age ?? 0) - (a.age ?? 0))) {
    clock.now = NOON - age * DAY_MS;
    await ledger.add({ ...ENTRY, ...entry });
  }
  clock.now = NOON;
  const config = {
    observability: { costTracking: true, trackTokens: true, ...observability },
    limits,
    auth: { keys },
  } as unknown as UsageServiceOptions['config'];
  return createUsageService({ config, ledger, now });
}

describe('the usage report', () => {
  it('has today and thirty days, in total and by every dimension', async () => {
    const service = await startService({
      entries: [{}, { age: 29, provider: 'xai', model: 'grok', costNanoUsd: null }, { age: 30 }],
    });
    const report = await service.report({ caller: OPERATOR });
    expect(report.today).toMatchObject({ day: '2030-01-31', ...FIGURES });
    expect(report.period).toMatchObject({
      from: '2030-01-02',
      to: '2030-01-31',
      days: 30,
      ...FIGURES,
      requests: 2,
      prompt_tokens: 200,
      completion_tokens: 40,
      total_tokens: 240,
      unpriced: 1,
    });
    expect(report.today.by).toEqual({
      provider: { openai: FIGURES },
      model: { 'gpt-4o': FIGURES },
      agent: {},
      tenant: { t1: FIGURES },
      key: { 'team-a': FIGURES },
    });
    expect(report.period.by?.provider).toMatchObject({ openai: FIGURES, xai: { cost_usd: 0, unpriced: 1 } });
    expect(report.period.by?.tenant.t1?.requests).toBe(2);
    expect(report.days).toHaveLength(30);
    expect(report.days[1]).toEqual({ day: '2030-01-30', ...NOTHING });
    expect(report).toMatchObject({ object: 'usage', scope: 'all', limits: [], resets_at: '2030-02-01T00:00:00.000Z' });
  });

  it.each([
    ['1', 1],
    ['90', 90],
    [null, 30],
  ])('of days=%s has %d days', async (days, count) => {
    const service = await startService();
    expect((await service.report({ caller: OPERATOR, days })).days).toHaveLength(count);
  });

  it.each(['0', '91', '-1', '1.5', '', 'all', '1e1'])('of days=%j is refused', async (days) => {
    const service = await startService();
    await expect(service.report({ caller: OPERATOR, days })).rejects.toMatchObject({
      code: 'invalid_request',
      param: 'days',
    });
  });

  it('says what is left of each limit', async () => {
    const service = await startService({
      entries: [{}],
      observability: { dailyTokenLimit: 1_000, costAlertThresholdUsd: 100 },
      limits: { dailyUsd: 0.4 },
      keys: [{ name: 'team-a', dailyBudgetUsd: 0.1 }],
    });
    const { limits, cost_alert_threshold_usd } = await service.report({
      caller: { tenant: null, key: 'team-a', dailyBudgetUsd: 0.1 },
    });
    expect(limits).toEqual([
      { name: 'daily_token_limit', unit: 'tokens', limit: 1_000, used: 120, left: 880 },
      { name: 'daily_usd', unit: 'usd', limit: 0.4, used: 0.3, left: 0.1 },
      { name: 'daily_budget_usd', unit: 'usd', limit: 0.1, used: 0.3, left: 0 },
    ]);
    expect(cost_alert_threshold_usd).toBe(100);
  });

  it('has no costs where they are not tracked', async () => {
    const { costNanoUsd: _, ...untracked } = ENTRY;
    const service = await startService({ entries: [untracked], observability: { costTracking: false } });
    const report = await service.report({ caller: OPERATOR, days: '1' });
    expect([report.today.cost_usd, report.period.cost_usd, report.days[0]?.cost_usd]).toEqual([null, null, null]);
    expect(report.today.by?.model['gpt-4o']?.cost_usd).toBeNull();
  });
});

describe('who sees what', () => {
  const setup = () =>
    startService({
      entries: [{}, { tenant: 't2', key: 'team-b', costNanoUsd: 700_000_000 }, { tenant: null, key: 'loader' }],
      observability: { dailyTokenLimit: 1_000, costAlertThresholdUsd: 100 },
      limits: { dailyUsd: 10 },
      keys: [{ name: 'team-b', dailyBudgetUsd: 1 }, { name: 'loader' }],
    });

  it('a caller of a tenant sees the sums of that tenant and the budget of its key, nothing else', async () => {
    const report = await (await setup()).report({
      caller: { tenant: 't2', key: 'team-b', dailyBudgetUsd: 1 },
      days: '1',
    });
    const figures = { ...FIGURES, cost_usd: 0.7 };
    expect(report).toEqual({
      object: 'usage',
      scope: 'tenant',
      today: { day: '2030-01-31', ...figures },
      period: { from: '2030-01-31', to: '2030-01-31', days: 1, ...figures },
      days: [{ day: '2030-01-31', ...figures }],
      limits: [{ name: 'daily_budget_usd', unit: 'usd', limit: 1, used: 0.7, left: 0.3 }],
      resets_at: '2030-02-01T00:00:00.000Z',
    });
  });

  it.each([
    ['a tenant without usage sees zeros', { tenant: 't3' }, 'tenant', 0],
    ['a tenant named like a member of every object sees zeros', { tenant: 'constructor' }, 'tenant', 0],
    ['a key limited to some functions sees its own', { tenant: null, key: 'loader', functions: ['ingest'] }, 'key', 1],
    ['a key limited to some models sees its own', { tenant: null, key: 'team-b', models: ['m'] }, 'key', 1],
    ['a key without limits sees everything', { tenant: null, key: 'loader' }, 'all', 3],
    ['a caller without a key sees everything', { tenant: null }, 'all', 3],
  ] as const)('%s', async (_, caller, scope, requests) => {
    const report = await (await setup()).report({ caller });
    expect([report.scope, report.today.requests, report.period.requests]).toEqual([scope, requests, requests]);
    expect('by' in report.today).toBe(scope === 'all');
    expect(report.limits.some(({ name }) => name === 'daily_usd')).toBe(scope === 'all');
  });

  it.each([
    ['its own', { tenant: 't2' }, 't2'],
    ['any, when the caller sees everything', { tenant: null }, 't2'],
  ] as const)('a tenant may be named: %s', async (_, caller, tenant) => {
    const report = await (await setup()).report({ caller, tenant });
    expect([report.scope, report.today.requests, 'by' in report.today]).toEqual(['tenant', 1, false]);
  });

  it.each([
    ['a tenant', { tenant: 't3' }],
    ['a key limited to some models', { tenant: null, key: 'team-b', models: ['m'] }],
  ] as const)('%s is refused the sums of another tenant', async (_, caller) => {
    await expect((await setup()).report({ caller, tenant: 't2' })).rejects.toMatchObject({
      code: 'permission',
      param: 'tenant',
    });
  });
});
