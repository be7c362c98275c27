import { Firestore, Timestamp } from '@google-cloud/firestore';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { UsageEntry } from '../../../../shared/contracts/usage-ledger.ts';
import {
  createFirestoreUsageLedger,
  type FirestoreUsageLedgerOptions,
} from '../../../../shared/stores/ledger/firestore.ts';
import { type CostAlert, createBudget } from '../../../../shared/usage/budget.ts';
import { describeUsageLedger } from '../../../contracts/usage-ledger.ts';
import { freshCollection } from '../../../contracts/vector-store-harness.ts';
import { describeWithFirestore, EMULATOR_PROJECT } from '../../../support/services.ts';

const ENTRY: UsageEntry = {
  provider: 'openai',
  model: 'gpt-4.1',
  agent: 'writer',
  tenant: 't1',
  key: 'team-a',
  promptTokens: 100,
  completionTokens: 20,
  costNanoUsd: 27_001,
};
const NOON = Date.UTC(2030, 0, 2, 12);
const DAY_MS = 86_400_000;

function openLedger(options: FirestoreUsageLedgerOptions = {}) {
  return createFirestoreUsageLedger({ projectId: EMULATOR_PROJECT, now: () => NOON, ...options });
}

describeWithFirestore('the Firestore usage ledger', () => {
  let database: Firestore;
  beforeAll(() => {
    database = new Firestore({ projectId: EMULATOR_PROJECT });
  });
  afterAll(() => database.terminate());

  describeUsageLedger({
    name: 'firestore',
    createLedger: ({ now }) => openLedger({ now, collection: freshCollection() }),
  });

  it('loses nothing when two instances add at once', async () => {
    const collection = freshCollection();
    const failures: unknown[] = [];
    const instances = [1, 2].map(() =>
      openLedger({ collection, shards: 3, flushMs: 10, onFailure: (error) => failures.push(error) }),
    );
    await Promise.all(
      instances.map(async (ledger, instance) => {
        for (let index = 0; index < 200; index += 1) {
          await ledger.add({ ...ENTRY, key: `key-${instance}`, costNanoUsd: index % 10 === 0 ? null : 1_000_000_001 });
          if (index % 7 === 0) await ledger.flush();
        }
        await ledger.flush();
      }),
    );
    const each = { requests: 200, promptTokens: 20_000, completionTokens: 4_000, unpriced: 20 };
    for (const ledger of instances) {
      const usage = await ledger.today();
      expect(usage).toMatchObject({ requests: 400, promptTokens: 40_000, costNanoUsd: 360_000_000_360, unpriced: 40 });
      expect(usage.byDimension.key).toMatchObject({ 'key-0': each, 'key-1': each });
      expect(usage.byDimension.model['gpt-4.1']).toMatchObject({ requests: 400 });
    }
    const shards = await database.collection(collection).doc('2030-01-02').collection('shards').get();
    expect(shards.size).toBe(3);
    await Promise.all(instances.map((ledger) => ledger.close()));
    expect(failures).toEqual([]);
  });

  it('writes integers, with the time at which a TTL policy may delete them', async () => {
    const collection = freshCollection();
    const ledger = openLedger({ collection, shards: 1 });
    await ledger.add({ ...ENTRY, costNanoUsd: 9_000_000_000_000_000 });
    await ledger.add(ENTRY);
    await ledger.flush();
    await ledger.claimOnce('alert');
    await ledger.close();
    const strict = new Firestore({ projectId: EMULATOR_PROJECT, useBigInt: true });
    const day = strict.collection(collection).doc('2030-01-02');
    const shard = (await day.collection('shards').doc('0').get()).data();
    const expireAt = Timestamp.fromMillis(Date.UTC(2030, 0, 2) + 400 * DAY_MS);
    expect(shard).toMatchObject({ day: '2030-01-02', expireAt, requests: 2n, costNanoUsd: 9_000_000_000_027_001n });
    expect(shard?.byDimension.model['gpt-4%2E1']).toMatchObject({ requests: 2n });
    expect((await day.collection('claims').doc('alert').get()).data()).toMatchObject({ day: '2030-01-02', expireAt });
    await strict.terminate();
  });

  it('reads a finished day once, and copies it for every caller', async () => {
    const collection = freshCollection();
    const clock = { now: NOON };
    const ledger = openLedger({ collection, now: () => clock.now });
    await ledger.add(ENTRY);
    await ledger.flush();
    const other = openLedger({ collection });
    const requestsOf = async () => (await ledger.days(2))[1]?.requests;

    // Half an hour after midnight a late instance may still write.
    clock.now = NOON + DAY_MS / 2 + 1_800_000;
    expect(await requestsOf()).toBe(1);
    await other.add(ENTRY);
    await other.flush();
    expect(await requestsOf()).toBe(2);

    clock.now += 3_600_000;
    Object.assign((await ledger.days(2))[1] ?? {}, { requests: 99 });
    await other.add(ENTRY);
    await other.flush();
    expect(await requestsOf()).toBe(2);
    await Promise.all([ledger.close(), other.close()]);
  });

  it('takes more labels than Firestore takes in one write', async () => {
    const ledger = openLedger({ collection: freshCollection(), maxEntries: 1_000 });
    for (let index = 0; index < 190; index += 1) {
      await ledger.add({ ...ENTRY, model: `m-${index}`, tenant: `t-${index}`, key: `k-${index}` });
    }
    const { requests, byDimension } = await ledger.today();
    expect(requests).toBe(190);
    for (const dimension of ['model', 'tenant', 'key'] as const) {
      expect(Object.keys(byDimension[dimension])).toHaveLength(190);
    }
    await ledger.close();
  });

  it('goes on counting totals in a shard that has no room for more labels', async () => {
    const collection = freshCollection();
    const shard = database.collection(collection).doc('2030-01-02').collection('shards').doc('0');
    await shard.set({ filling: 'x'.repeat(1_048_400), requests: 5 });
    const failures: string[] = [];
    const ledger = openLedger({ collection, shards: 1, onFailure: ({ message }) => failures.push(message) });
    await shard.update({ filling: 'x'.repeat(1_047_500), promptTokens: 0, completionTokens: 0, costNanoUsd: 0 });
    await shard.update({ day: '2030-01-02', expireAt: Timestamp.fromMillis(0) });
    await ledger.add({ ...ENTRY, model: '文'.repeat(200), tenant: '文'.repeat(199) });
    const today = await ledger.today();
    expect(failures).toEqual([expect.stringContaining('refused')]);
    expect(today).toMatchObject({ requests: 6, promptTokens: 100, costNanoUsd: 27_001 });
    await ledger.close();
  });

  it('gives a claim to one of many instances', async () => {
    const collection = freshCollection();
    const instances = Array.from({ length: 4 }, () => openLedger({ collection }));
    const won = await Promise.all(instances.flatMap((ledger) => [ledger.claimOnce('a'), ledger.claimOnce('a')]));
    expect(won.filter((claimed) => claimed)).toHaveLength(1);
    await Promise.all(instances.map((ledger) => ledger.close()));
  });

  it('lets two instances share a budget, and raises one alert', async () => {
    const collection = freshCollection();
    const clock = { now: NOON };
    const alerts: CostAlert[] = [];
    const instances = [1, 2].map(() => {
      const ledger = openLedger({ collection, now: () => clock.now });
      const budget = createBudget({
        ledger,
        limits: { dailyUsd: 100, costAlertThresholdUsd: 50, trackCost: true, trackTokens: true },
        now: () => clock.now,
        onAlert: (alert) => alerts.push(alert),
      });
      return { ledger, budget };
    });
    for (const { budget } of instances) await budget.check();
    for (const { ledger, budget } of instances) {
      await budget.record({ ...ENTRY, costNanoUsd: 50_000_000_000 });
      await ledger.flush();
    }
    clock.now += 10_000;
    // What is known is not too old yet, so the first check does not wait for what it sets off.
    for (const { budget } of instances) {
      await budget.check();
      await budget.close();
      await expect(budget.check()).rejects.toMatchObject({ code: 'budget_exceeded' });
    }
    expect(alerts).toEqual([{ day: '2030-01-02', thresholdUsd: 50, costUsd: 100 }]);
    await Promise.all(instances.map(({ ledger }) => ledger.close()));
  });

  it('serves without the ledger when Firestore refuses, and says so', async () => {
    const failures: string[] = [];
    const ledger = openLedger({
      collection: freshCollection(),
      client: {
        collection() {
          throw Object.assign(new Error('no'), { code: 7 });
        },
      } as never,
      onFailure: ({ code }) => failures.push(code),
    });
    await expect(ledger.add(ENTRY)).resolves.toBeUndefined();
    await expect(ledger.today()).rejects.toMatchObject({ code: 'permission' });
    await expect(ledger.claimOnce('a')).rejects.toMatchObject({ code: 'permission' });
    expect(failures.length).toBeGreaterThan(0);
    await ledger.close();
  });
});

describe('the Firestore usage ledger without Firestore', () => {
  it('opens nothing until it is used', async () => {
    await createFirestoreUsageLedger({ projectId: EMULATOR_PROJECT }).close();
  });
});
