import { describe, expect, it } from 'vitest';
import { type BudgetLimits, toBudgetLimits } from '../../../shared/usage/budget-limits.ts';

type Config = Parameters<typeof toBudgetLimits>[0];

function limitsOf(observability: object, limits: object = {}, keys: readonly object[] = []): BudgetLimits {
  return toBudgetLimits({
    observability: { costTracking: true, trackTokens: true, ...observability },
    limits,
    auth: { keys },
  } as unknown as Config);
}

const off = { costTracking: false, trackTokens: false };

describe('what is counted and limited', () => {
  it.each<[string, BudgetLimits, BudgetLimits]>([
    ['nothing is limited by itself', limitsOf({}), { trackCost: true, trackTokens: true }],
    [
      'every limit is taken over',
      limitsOf({ dailyTokenLimit: 5, costAlertThresholdUsd: 100 }, { dailyUsd: 7 }),
      { dailyTokenLimit: 5, costAlertThresholdUsd: 100, dailyUsd: 7, trackCost: true, trackTokens: true },
    ],
    ['what is switched off is not counted', limitsOf(off), { trackCost: false, trackTokens: false }],
    [
      'a limit counts what it needs all the same',
      limitsOf({ ...off, dailyTokenLimit: 5 }, { dailyUsd: 7 }),
      { dailyTokenLimit: 5, dailyUsd: 7, trackCost: true, trackTokens: true },
    ],
    [
      'the budget of a key needs the cost',
      limitsOf(off, {}, [{ name: 'a' }, { name: 'b', dailyBudgetUsd: 1 }]),
      { trackCost: true, trackTokens: false },
    ],
    [
      'an alert goes with the tracking of costs',
      limitsOf({ costTracking: false, costAlertThresholdUsd: 100 }),
      { trackCost: false, trackTokens: true },
    ],
  ])('%s', (_, limits, expected) => {
    expect(limits).toEqual(expected);
  });
});
