import { beforeEach, describe, expect, test } from 'vitest';
import type { JournalEntry } from '../../../shared/contracts/ingestion-journal.ts';
import { type Claim, createClaims } from '../../../shared/rag/ingest-claim.ts';
import { createMemoryDocumentStore } from '../../../shared/stores/document/memory.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

const { signal } = new AbortController();
const scope = { collection: 'default', tenant: null };
const target = { documentId: 'a', ...scope };
const READY = { state: 'ready', chunks: 3, contentHash: 'h' } as const;

function createSetting() {
  const clock = createFakeClock(1_700_000_000_000);
  const store = createMemoryDocumentStore();
  let swaps = 0;
  const trouble = { losesAnswers: false };
  const journal: typeof store = {
    ...store,
    async swapEntry(...args) {
      swaps += 1;
      const version = await store.swapEntry(...args);
      return trouble.losesAnswers ? undefined : version;
    },
  };
  const claims = createClaims({ journal, now: clock.now, sleep: clock.sleep });
  return {
    clock,
    trouble,
    claims,
    swaps: () => swaps,
    entry: async (): Promise<JournalEntry | undefined> => (await store.readEntry('a', scope))?.entry,
    async acquire({ fromStore = false } = {}): Promise<Claim> {
      const { claim } = await claims.acquire(target, { fromStore, known: await store.readEntry('a', scope), signal });
      if (claim === undefined) throw new Error('There is no claim.');
      return claim;
    },
  };
}

describe('a claim', () => {
  let setting = createSetting();
  beforeEach(() => {
    setting = createSetting();
  });

  test('shows in the entry while it is held, and not when it is settled', async () => {
    const { acquire, entry, clock } = setting;
    const claim = await acquire();
    expect(await entry()).toMatchObject({
      state: 'processing',
      claimedUntil: new Date(clock.now() + 60_000),
      fromStore: false,
    });
    expect(await claim.settle(READY)).toBe(true);
    const settled = await entry();
    expect(settled).toMatchObject(READY);
    expect(settled).not.toHaveProperty('claimedUntil');
    expect(settled).not.toHaveProperty('doubtUntil');
  });

  test('is waited for, and given up on after fifteen seconds', async () => {
    const { acquire, clock } = setting;
    const first = await acquire();
    let second: unknown;
    const waiting = acquire().then((claim) => {
      second = claim;
    });
    await clock.pass(5_000);
    expect(second).toBeUndefined();
    await first.settle(READY);
    await clock.pass(1_000);
    await waiting;
    expect(second).toMatchObject({ before: READY, isLost: false });

    const third = acquire().catch((error: unknown) => error);
    await clock.pass(16_000);
    // A minute after the claim was made, and fifteen seconds of it were spent waiting.
    expect(await third).toMatchObject({
      code: 'server_error',
      retryable: true,
      retryAfterMs: expect.any(Number),
      message: expect.stringContaining('Try again in 45 seconds.'),
    });
  });

  test('is not needed when the one who was waited for has done it all', async () => {
    const { acquire, claims, clock, swaps } = setting;
    const first = await acquire();
    const isDone = ({ contentHash }: JournalEntry) => contentHash === 'h';
    const waiting = claims.acquire(target, { fromStore: false, known: undefined, signal, isDone });
    await clock.pass(200);
    await first.settle(READY);
    await clock.pass(1_000);
    expect(await waiting).toMatchObject({ done: READY });
    // The claim, the attempt to have it too, and the outcome.
    expect(swaps()).toBe(3);
  });

  test('is renewed by who keeps it, once and only when half of its time is over', async () => {
    const { acquire, clock, swaps, entry } = setting;
    const claim = await acquire();
    expect(claim.hasWritten).toBe(false);
    await claim.keep();
    expect(claim.hasWritten).toBe(true);
    expect(swaps()).toBe(1);
    await clock.pass(40_000);
    await Promise.all([claim.keep(), claim.keep(), claim.keep()]);
    expect(swaps()).toBe(2);
    expect((await entry())?.claimedUntil).toEqual(new Date(clock.now() + 60_000));
    expect(await claim.settle(READY)).toBe(true);
  });

  test('is lost to the next one after a minute without a sign of life, and the entry is doubtful for an hour', async () => {
    const { acquire, clock, entry } = setting;
    const slow = await acquire();
    await clock.pass(61_000);
    const next = await acquire();
    await expect(slow.keep()).rejects.toMatchObject({ code: 'server_error', retryable: true });
    expect(slow.isLost).toBe(true);
    expect(await slow.settle(READY)).toBe(false);
    expect(await slow.restore()).toBe(false);
    await next.settle({ ...READY, chunks: 5 });
    expect(await entry()).toMatchObject({ chunks: 5, doubtUntil: new Date(clock.now() + 3_600_000) });
    await clock.pass(3_600_000);
    await (await acquire()).settle(READY);
    expect(await entry()).not.toHaveProperty('doubtUntil');
  });

  test('holds though the answer to its write is lost', async () => {
    const { acquire, trouble, entry, clock } = setting;
    trouble.losesAnswers = true;
    const claim = await acquire();
    await clock.pass(40_000);
    await claim.keep();
    expect(claim.isLost).toBe(false);
    expect(await claim.settle(READY)).toBe(true);
    expect(await entry()).toMatchObject(READY);
    expect(await (await acquire()).remove()).toBe(true);
    expect(await entry()).toBeUndefined();
  });

  test('that is taken back leaves what was there', async () => {
    const { acquire, entry } = setting;
    await (await acquire()).restore();
    expect(await entry()).toBeUndefined();
    await (await acquire()).settle(READY);
    await (await acquire()).restore();
    expect(await entry()).toMatchObject(READY);
    expect(await entry()).not.toHaveProperty('claimedUntil');
  });

  test('removes the entry, but for one that says where a document of the store was', async () => {
    const { acquire, entry } = setting;
    await (await acquire()).remove();
    expect(await entry()).toBeUndefined();
    await (await acquire({ fromStore: true })).settle(READY);
    await (await acquire()).remove();
    expect(await entry()).toMatchObject({ state: 'deleted', chunks: 0, fromStore: true });
  });
});
