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
      expect(Object.keys(today.byDimension.model).sort()).toEqual(['gpt-4o', 'gpt-4o-mini']);
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

    it('gives every label back as it was', async () => {
      const labels = [
        'gpt-4.1',
        'a/b',
        '%2F',
        '%',
        '',
        '`~*[]\\',
        '__x__',
        '文🙂',
        'line\nbreak\u0085',
        'x'.repeat(200),
      ];
      for (const tenant of labels) await ledger.add({ ...ENTRY, tenant });
      const { byDimension } = await ledger.today();
      expect(Object.keys(byDimension.tenant).sort()).toEqual([...labels].sort());
    });

    it('counts under "other" what is too long for a label', async () => {
      await ledger.add({ ...ENTRY, model: 'x'.repeat(201) });
      expect((await ledger.today()).byDimension.model).toMatchObject({ other: { requests: 1 } });
    });

    it('mends a label that is broken Unicode', async () => {
      await ledger.add({ ...ENTRY, model: 'a\ud800' });
      expect(Object.keys((await ledger.today()).byDimension.model)).toEqual(['a\ufffd']);
    });

    it('stays with whole numbers', async () => {
      await ledger.add({ ...ENTRY, promptTokens: 1.4, completionTokens: Number.NaN, costNanoUsd: 0.6 });
      await ledger.add({ ...ENTRY, promptTokens: -1, completionTokens: 2, costNanoUsd: Number.POSITIVE_INFINITY });
      expect(await ledger.today()).toMatchObject({ requests: 2, promptTokens: 1, completionTokens: 2, costNanoUsd: 1 });
    });

    it('counts neither a cost nor a missing one when the entry does not speak of it', async () => {
      const { costNanoUsd: _, ...untracked } = ENTRY;
      await ledger.add(untracked);
      expect(await ledger.today()).toMatchObject({ requests: 1, promptTokens: 100, costNanoUsd: 0, unpriced: 0 });
    });

    it('counts in what is asked for afterwards only, not what comes while it answers', async () => {
      await ledger.add(ENTRY);
      const before = ledger.today();
      const added = ledger.add(ENTRY);
      expect((await before).requests).toBe(1);
      await added;
      await ledger.flush();
      expect((await ledger.today()).requests).toBe(2);
    });

    it('lets one caller claim a name a day', async () => {
      expect(await ledger.claimOnce('alert')).toBe(true);
      expect(await ledger.claimOnce('alert')).toBe(false);
      expect(await ledger.claimOnce('another/alert')).toBe(true);
      clock.now += 1;
      expect(await ledger.claimOnce('alert')).toBe(true);
      const racing = await Promise.all(Array.from({ length: 5 }, () => ledger.claimOnce('race')));
      expect(racing.filter((won) => won)).toHaveLength(1);
    });
  });
}
