import type { SluiceConfig } from '../../config/types.ts';
import { AppError } from '../../contracts/app-error.ts';
import type { DailyUsage, UsageDimension, UsageLedger, UsageTotals } from '../../contracts/usage-ledger.ts';
import { type BudgetLimits, toBudgetLimits } from '../../usage/budget-limits.ts';
import { toUsd } from '../../usage/cost.ts';
import { nextDayMs } from '../../usage/day.ts';
import { addTotals, emptyTotals, totalsOf, USAGE_DIMENSIONS } from '../../usage/day-record.ts';
import { type Caller, seesEverything } from '../caller.ts';

/** Sums of the calls to upstreams: a request that went over two legs and was charged for both counts twice. */
export interface UsageFigures {
  readonly requests: number;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  /** Null when costs are not tracked. */
  readonly cost_usd: number | null;
  /** Requests whose cost is not known and therefore missing from `cost_usd`. */
  readonly unpriced: number;
}

type FiguresByDimension = Readonly<Record<UsageDimension, Readonly<Record<string, UsageFigures>>>>;

export interface UsageLimit {
  /** Name of the setting. */
  readonly name: 'daily_token_limit' | 'daily_usd' | 'daily_budget_usd';
  readonly unit: 'tokens' | 'usd';
  readonly limit: number;
  readonly used: number;
  readonly left: number;
}

export interface UsageReport {
  readonly object: 'usage';
  /** Whose usage this is: of everybody, of the caller's tenant, or of the caller's key. */
  readonly scope: 'all' | 'tenant' | 'key';
  readonly today: UsageFigures & { readonly day: string; readonly by?: FiguresByDimension };
  readonly period: UsageFigures & {
    readonly from: string;
    readonly to: string;
    readonly days: number;
    readonly by?: FiguresByDimension;
  };
  /** Today first. */
  readonly days: readonly (UsageFigures & { readonly day: string })[];
  readonly limits: readonly UsageLimit[];
  readonly cost_alert_threshold_usd?: number;
  /** When the limits of today begin anew, ISO 8601. */
  readonly resets_at: string;
}

export interface UsageService {
  /**
   * Today and the days before it.
   * @param days as in the query, 1 to 90. Default 30.
   * @throws AppError `invalid_request` for another number of days, and what the ledger throws.
   */
  report(options: {
    readonly caller: Caller;
    readonly days?: string | null;
    /** Whose sums alone are wanted; only whoever sees everything may name another tenant than its own. */
    readonly tenant?: string | null;
  }): Promise<UsageReport>;
}

const DEFAULT_DAYS = 30;
const MAX_DAYS = 90;

export interface UsageServiceOptions {
  readonly config: Pick<SluiceConfig, 'observability' | 'limits' | 'auth'>;
  readonly ledger: Pick<UsageLedger, 'days'>;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/**
 * Who sees what: a caller with a tenant its tenant's sums, a caller whose key is limited to some models or functions the
 * sums of that key, everybody else everything.
 */
export function createUsageService({ config, ledger, now = Date.now }: UsageServiceOptions): UsageService {
  const limits = toBudgetLimits(config);

  const limitsFor = (caller: Caller, today: DailyUsage, seesAll: boolean): UsageLimit[] => {
    const budget = caller.dailyBudgetUsd;
    const ofKey = today.byDimension.key[caller.key ?? '']?.costNanoUsd ?? 0;
    return [
      ...(seesAll ? serviceLimits(limits, today) : []),
      ...(budget === undefined ? [] : [toLimit('daily_budget_usd', 'usd', budget, toUsd(ofKey))]),
    ];
  };

  return {
    async report({ caller: asking, days: wanted, tenant }) {
      const caller = asTenant(asking, tenant ?? null);
      const count = parseDays(wanted ?? null);
      const nowMs = now();
      const days = await ledger.days(count);
      const [today, oldest] = [days[0] as DailyUsage, days.at(-1) as DailyUsage];
      const scope = scopeOf(caller);
      const figures = (totals: UsageTotals): UsageFigures => toFigures(totals, limits.trackCost);
      const totals = days.map((day) => totalsFor(day, caller, scope));
      const by = (list: readonly DailyUsage[]) =>
        scope === 'all' ? { by: sumByDimension(list, limits.trackCost) } : {};
      return {
        object: 'usage',
        scope,
        today: { day: today.day, ...figures(totals[0] as UsageTotals), ...by([today]) },
        period: { from: oldest.day, to: today.day, days: count, ...figures(sumOf(totals)), ...by(days) },
        days: days.map(({ day }, index) => ({ day, ...figures(totals[index] as UsageTotals) })),
        limits: limitsFor(caller, today, scope === 'all'),
        ...(limits.costAlertThresholdUsd === undefined || scope !== 'all'
          ? {}
          : { cost_alert_threshold_usd: limits.costAlertThresholdUsd }),
        resets_at: new Date(nextDayMs(nowMs)).toISOString(),
      };
    },
  };
}

function parseDays(text: string | null): number {
  if (text === null) return DEFAULT_DAYS;
  const days = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (days >= 1 && days <= MAX_DAYS) return days;
  throw new AppError('invalid_request', `\`days\` is a whole number from 1 to ${MAX_DAYS}.`, { param: 'days' });
}

/** @throws AppError `permission` for the sums of somebody else. */
function asTenant(caller: Caller, tenant: string | null): Caller {
  if (tenant === null || tenant === caller.tenant) return caller;
  if (seesEverything(caller)) return { ...caller, tenant };
  throw new AppError('permission', 'This caller may see the usage of its own tenant or key alone.', {
    param: 'tenant',
  });
}

function scopeOf({ tenant, key, models, functions }: Caller): UsageReport['scope'] {
  if (tenant !== null) return 'tenant';
  return key !== undefined && (models !== undefined || functions !== undefined) ? 'key' : 'all';
}

function totalsFor(usage: DailyUsage, { tenant, key }: Caller, scope: UsageReport['scope']): UsageTotals {
  if (scope === 'all') return usage;
  const labels = usage.byDimension[scope];
  const label = (scope === 'tenant' ? tenant : key) ?? '';
  return (Object.hasOwn(labels, label) ? labels[label] : undefined) ?? emptyTotals();
}

function serviceLimits({ dailyTokenLimit, dailyUsd }: BudgetLimits, today: DailyUsage): UsageLimit[] {
  const tokens = today.promptTokens + today.completionTokens;
  return [
    ...(dailyTokenLimit === undefined ? [] : [toLimit('daily_token_limit', 'tokens', dailyTokenLimit, tokens)]),
    ...(dailyUsd === undefined ? [] : [toLimit('daily_usd', 'usd', dailyUsd, toUsd(today.costNanoUsd))]),
  ];
}

function toLimit(name: UsageLimit['name'], unit: UsageLimit['unit'], limit: number, used: number): UsageLimit {
  // Nano-dollars again, so that 0.3 less 0.1 is 0.2.
  const left = Math.max(0, Math.round((limit - used) * 1e9) / 1e9);
  return { name, unit, limit, used, left };
}

function toFigures(totals: UsageTotals, trackCost: boolean): UsageFigures {
  return {
    requests: totals.requests,
    prompt_tokens: totals.promptTokens,
    completion_tokens: totals.completionTokens,
    total_tokens: totals.promptTokens + totals.completionTokens,
    cost_usd: trackCost ? toUsd(totals.costNanoUsd) : null,
    unpriced: totals.unpriced,
  };
}

function sumOf(list: readonly UsageTotals[]): UsageTotals {
  const sum = emptyTotals();
  for (const totals of list) addTotals(sum, totals);
  return sum;
}

function sumByDimension(days: readonly DailyUsage[], trackCost: boolean): FiguresByDimension {
  const sums = USAGE_DIMENSIONS.map((dimension) => {
    const labels = new Map<string, ReturnType<typeof emptyTotals>>();
    for (const { byDimension } of days) {
      for (const [label, totals] of Object.entries(byDimension[dimension])) addTotals(totalsOf(labels, label), totals);
    }
    return [dimension, Object.fromEntries([...labels].map(([label, sum]) => [label, toFigures(sum, trackCost)]))];
  });
  return Object.fromEntries(sums) as FiguresByDimension;
}
