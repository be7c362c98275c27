import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { UsageEntry, UsageLedger } from '../../shared/contracts/usage-ledger.ts';

export interface UsageLedgerSuite {
  readonly name: string;
  /** An empty ledger that reads the time from `now`. The suite closes it. */
  createLedger(options: { readonly now: () => number }): UsageLedger | Promise<UsageLedger>;
}

const ENTRY: UsageEntry = {
  provider: 'openai',
  model: 'gpt-4o-mini',
  agent: 'writer',
  tenant: 't1',
  key: 'team-a',
  promptTokens: 100,
  completionTokens: 20,
  costNanoUsd: 27_001,
};

const NOTHING = { requests: 0, promptTokens: 0, completionTokens: 0, costNanoUsd: 0, unpriced: 0 };
const NO_DIMENSIONS = { provider: {}, model: {}, agent: {}, tenant: {}, key: {} };

/** What every usage ledger does. */
export function describeUsageLedger({ name, createLedger }: UsageLedgerSuite): void {
  describe(`${name} as a usage ledger`, () => {
    const clock = { now: 0 };
    let ledger: UsageLedger;
    beforeEach(async () => {
      clock.now = Date.UTC(2030, 1, 28, 23, 59, 59, 999);
      ledger = await createLedger({ now: () => clock.now });
    });
    afterEach(() => ledger.close());

    it('starts every day with zeros', async () => {
      expect(await ledger.today()).toEqual({ day: '2030-02-28', ...NOTHING, byDimension: NO_DIMENSIONS });
    });

    it('adds up requests, tokens and money, in total and by dimension', async () => {
      await ledger.add(ENTRY);
      await ledger.add({ ...ENTRY, model: 'gpt-4o', promptTokens: 1, completionTokens: 2, costNanoUsd: 3 });
      const today = await ledger.today();
      const both = { requests: 2, promptTokens: 101, completionTokens: 22, costNanoUsd: 27_004, unpriced: 0 };
      expect(today).toMatchObject(both);
      expect(today.byDimension.provider).toEqual({ openai: both });
      expect(today.byDimension.tenant).toEqual({ t1: both });
      expect(Object.keys(today.byDimension.model)).toEqual(['gpt-4o-mini', 'gpt-4o']);
      expect(today.byDimension.model['gpt-4o']).toMatchObject({ requests: 1, costNanoUsd: 3 });
    });

    it('adds whole nano-dollars exactly', async () => {
      for (let count = 0; count < 1_000; count += 1) await ledger.add({ ...ENTRY, costNanoUsd: 1_000_000_001 });
      expect((await ledger.today()).costNanoUsd).toBe(1_000_000_001_000);
    });

    it('counts a request of unknown price, and adds nothing for it', async () => {
      await ledger.add({ ...ENTRY, costNanoUsd: null });
      await ledger.add({ ...ENTRY, costNanoUsd: 0 });
      expect(await ledger.today()).toMatchObject({ requests: 2, costNanoUsd: 0, unpriced: 1 });
    });

    it('leaves out dimensions that an entry does not have', async () => {
      await ledger.add({
        provider: 'local',
        model: 'm',
        tenant: null,
        promptTokens: 1,
        completionTokens: 1,
        costNanoUsd: 0,
      });
      const { byDimension } = await ledger.today();
      expect(Object.keys(byDimension.provider)).toEqual(['local']);
      expect([byDimension.agent, byDimension.tenant, byDimension.key]).toEqual([{}, {}, {}]);
    });

    it('begins a new day at midnight UTC and keeps the days before', async () => {
      await ledger.add(ENTRY);
      clock.now += 1;
      await ledger.add({ ...ENTRY, promptTokens: 7 });
      expect(await ledger.today()).toMatchObject({ day: '2030-03-01', requests: 1, promptTokens: 7 });
      clock.now += 86_400_000;
      const days = await ledger.days(4);
      expect(days.map(({ day, requests }) => [day, requests])).toEqual([
        ['2030-03-02', 0],
        ['2030-03-01', 1],
        ['2030-02-28', 1],
        ['2030-02-27', 0],
      ]);
    });

    it('gives out copies', async () => {
      await ledger.add(ENTRY);
      const first = await ledger.today();
      Object.assign(first, { requests: 99 });
      Object.assign(first.byDimension.provider.openai ?? {}, { requests: 99 });
      const second = await ledger.today();
      expect([second.requests, second.byDimension.provider.openai?.requests]).toEqual([1, 1]);
    });

    it('takes names of JavaScript for names', async () => {
      await ledger.add({ ...ENTRY, model: '__proto__', agent: 'constructor' });
      const { byDimension } = await ledger.today();
      expect(Object.keys(byDimension.model)).toEqual(['__proto__']);
      expect(byDimension.agent.constructor).toMatchObject({ requests: 1 });
    });
  });
}
