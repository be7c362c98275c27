import type { SluiceConfig } from '../config/types.ts';
import type { UsageEntry } from '../contracts/usage-ledger.ts';

/** What is counted, and how much of it a UTC day may have, over all instances. */
export interface BudgetLimits {
  readonly dailyTokenLimit?: number;
  readonly dailyUsd?: number;
  readonly costAlertThresholdUsd?: number;
  readonly trackCost: boolean;
  readonly trackTokens: boolean;
}

/**
 * A limit cannot be kept without counting, so one that is written counts what it needs even where tracking is off. An
 * alert is part of tracking and goes with it.
 */
export function toBudgetLimits({
  observability,
  limits,
  auth,
}: Pick<SluiceConfig, 'observability' | 'limits' | 'auth'>): BudgetLimits {
  const { costTracking, costAlertThresholdUsd, trackTokens, dailyTokenLimit } = observability;
  const { dailyUsd } = limits;
  return {
    ...(dailyTokenLimit === undefined ? {} : { dailyTokenLimit }),
    ...(dailyUsd === undefined ? {} : { dailyUsd }),
    ...(costAlertThresholdUsd === undefined || !costTracking ? {} : { costAlertThresholdUsd }),
    trackCost: costTracking || dailyUsd !== undefined || mayHaveBudgets(auth),
    trackTokens: trackTokens || dailyTokenLimit !== undefined,
  };
}

/** The entry without what nobody wants to know; undefined when nothing is left to count. */
export function toTrackedEntry(
  entry: UsageEntry,
  { trackCost, trackTokens }: Pick<BudgetLimits, 'trackCost' | 'trackTokens'>,
): UsageEntry | undefined {
  if (!trackCost && !trackTokens) return undefined;
  const { costNanoUsd, promptTokens, completionTokens, ...rest } = entry;
  return {
    ...rest,
    promptTokens: trackTokens ? promptTokens : 0,
    completionTokens: trackTokens ? completionTokens : 0,
    ...(trackCost && costNanoUsd !== undefined ? { costNanoUsd } : {}),
  };
}

/** Whether a caller may have a budget of its own; what keys in a store have is seen when they come. */
function mayHaveBudgets({ keys, iam, keysCollection }: SluiceConfig['auth']): boolean {
  const known = [...keys, ...(iam?.identities ?? [])];
  return keysCollection !== undefined || known.some(({ dailyBudgetUsd }) => dailyBudgetUsd !== undefined);
}
