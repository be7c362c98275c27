import type { DailyUsage, UsageEntry } from '../contracts/usage-ledger.ts';
import { toTotals } from './day-record.ts';

/** What budgets are measured in. */
export interface Spending {
  tokens: number;
  nanoUsd: number;
  /** Nano-dollars by the name of the API key. */
  readonly keys: Map<string, number>;
}

export function emptySpending(): Spending {
  return { tokens: 0, nanoUsd: 0, keys: new Map() };
}

export function fromUsage({ promptTokens, completionTokens, costNanoUsd, byDimension }: DailyUsage): Spending {
  return {
    tokens: promptTokens + completionTokens,
    nanoUsd: costNanoUsd,
    keys: new Map(Object.entries(byDimension.key).map(([name, totals]) => [name, totals.costNanoUsd])),
  };
}

export function spend(spending: Spending, entry: UsageEntry): void {
  const { promptTokens, completionTokens, costNanoUsd } = toTotals(entry);
  spending.tokens += promptTokens + completionTokens;
  spending.nanoUsd += costNanoUsd;
  if (entry.key !== undefined) addToKey(spending, entry.key, costNanoUsd);
}

export function mergeSpending(target: Spending, source: Spending): void {
  target.tokens += source.tokens;
  target.nanoUsd += source.nanoUsd;
  for (const [name, nanoUsd] of source.keys) addToKey(target, name, nanoUsd);
}

function addToKey({ keys }: Spending, name: string, nanoUsd: number): void {
  keys.set(name, (keys.get(name) ?? 0) + nanoUsd);
}
