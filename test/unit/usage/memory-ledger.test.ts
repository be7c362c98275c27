import { describe, expect, it } from 'vitest';
import { createMemoryUsageLedger } from '../../../shared/usage/memory-ledger.ts';
import { describeUsageLedger } from '../../contracts/usage-ledger.ts';

describeUsageLedger({ name: 'memory', createLedger: createMemoryUsageLedger });

describe('bounds of the memory ledger', () => {
  const entry = { provider: 'p', promptTokens: 1, completionTokens: 1, costNanoUsd: 1 };

  it('adds up further names under "other" when there are too many, and loses nothing', async () => {
    const ledger = createMemoryUsageLedger({ maxLabels: 2 });
    for (const model of ['a', 'b', 'c', 'd', 'a']) await ledger.add({ ...entry, model });
    const { byDimension, requests } = await ledger.today();
    expect(requests).toBe(5);
    const counts = Object.entries(byDimension.model).map(([model, totals]) => [model, totals.requests]);
    expect(counts).toEqual([
      ['a', 2],
      ['b', 1],
      ['other', 2],
    ]);
  });

  it('forgets days that are too old', async () => {
    const clock = { now: Date.UTC(2030, 0, 1) };
    const ledger = createMemoryUsageLedger({ maxDays: 2, now: () => clock.now });
    for (let day = 0; day < 3; day += 1) {
      await ledger.add({ ...entry, model: 'm' });
      clock.now += 86_400_000;
    }
    expect((await ledger.days(4)).map(({ requests }) => requests)).toEqual([0, 1, 1, 0]);
  });

  it('does not let one broken number spoil the sums', async () => {
    const ledger = createMemoryUsageLedger();
    await ledger.add({ ...entry, model: 'm', promptTokens: Number.NaN, costNanoUsd: Number.POSITIVE_INFINITY });
    await ledger.add({ ...entry, model: 'm', completionTokens: -5 });
    expect(await ledger.today()).toMatchObject({ requests: 2, promptTokens: 1, completionTokens: 1, costNanoUsd: 1 });
  });
});
