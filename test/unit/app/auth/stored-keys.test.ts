import { describe, expect, it } from 'vitest';
import { createStoredKeys } from '../../../../shared/app/auth/stored-keys.ts';
import { AppError } from '../../../../shared/contracts/app-error.ts';
import type { KeyRecord } from '../../../../shared/contracts/key-store.ts';

const GOOD = 'a'.repeat(64);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const RECORD: KeyRecord = { sha256: GOOD, name: 'team-a', hint: 'sk-sluice-abcd', tenant: 'acme', createdAtMs: 0 };

/** A store that a test fills, empties and takes down, under a time of its own. */
function open() {
  const records = new Map<string, KeyRecord>([[GOOD, RECORD]]);
  const world = { nowMs: 0, down: false, reads: [] as string[], warnings: 0, lookups: 0 };
  const find = createStoredKeys({
    now: () => world.nowMs,
    log: () => {
      world.warnings += 1;
    },
    store: async () => ({
      async find(sha256) {
        world.reads.push(sha256);
        if (world.down) throw new AppError('network', 'Firestore cannot be reached.', { cause: new Error('14') });
        return records.get(sha256);
      },
    }),
  });
  const ask = (sha256 = GOOD) =>
    find(sha256, () => {
      world.lookups += 1;
    });
  return { records, world, ask };
}

/** Lets reads beside a request come to their end. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a key of the store', () => {
  it('is read once and then known, with what it may do', async () => {
    const { ask, world } = open();
    expect(await ask()).toEqual({ name: 'team-a', tenant: 'acme', credential: { sha256: GOOD } });
    world.nowMs = 19 * SECOND;
    await ask();
    expect(world.reads).toHaveLength(1);
    expect(world.lookups).toBe(1);
  });

  it('is read once for all who present it at the same time', async () => {
    const { ask, world } = open();
    const found = await Promise.all(Array.from({ length: 50 }, () => ask()));
    expect(found.every((key) => key?.name === 'team-a')).toBe(true);
    expect(world.reads).toHaveLength(1);
  });

  it('is read again after 20 s without anybody waiting, and no read counts as a guess', async () => {
    const { ask, world, records } = open();
    await ask();
    world.nowMs = 21 * SECOND;
    records.set(GOOD, { ...RECORD, tenant: 'other' });
    expect(await ask()).toMatchObject({ tenant: 'acme' });
    await settle();
    expect(await ask()).toMatchObject({ tenant: 'other' });
    expect(world.reads).toHaveLength(2);
    expect(world.lookups).toBe(1);
  });

  it.each([1, 21, 44, 45, 59])('that is revoked after %i s stops within 60 s, however it is used', async (afterS) => {
    const { ask, world, records } = open();
    await ask();
    const revokedAtMs = afterS * SECOND;
    for (world.nowMs = 0; world.nowMs < revokedAtMs; world.nowMs += SECOND) {
      await ask();
      await settle();
    }
    records.set(GOOD, { ...RECORD, revokedAtMs });
    let last = revokedAtMs;
    for (; world.nowMs < revokedAtMs + 2 * MINUTE; world.nowMs += 500) {
      if (await ask()) last = world.nowMs;
      await settle();
    }
    expect(last - revokedAtMs).toBeLessThan(60 * SECOND);
  });

  it('that is revoked while nobody uses it is not taken any more', async () => {
    const { ask, world, records } = open();
    await ask();
    records.delete(GOOD);
    world.nowMs = 45 * SECOND;
    expect(await ask()).toBeUndefined();
  });

  it('goes on for a quarter of an hour while the store is down, without a read for each request', async () => {
    const { ask, world } = open();
    await ask();
    world.down = true;
    for (world.nowMs = 0; world.nowMs < 15 * MINUTE; world.nowMs += 100)
      expect(await ask()).toMatchObject({ name: 'team-a' });
    expect(world.reads.length).toBeLessThan(500);
    await expect(ask()).rejects.toMatchObject({ code: 'server_error', retryable: true });
    world.down = false;
    world.nowMs += 2 * SECOND;
    expect(await ask()).toMatchObject({ name: 'team-a' });
  });

  it('that was not seen before cannot be checked while the store is down, which is not the same as unknown', async () => {
    const { ask, world } = open();
    world.down = true;
    await expect(ask()).rejects.toMatchObject({ code: 'server_error', retryable: true, retryAfterMs: 2_000 });
    world.nowMs = 1_999;
    await expect(ask()).rejects.toMatchObject({ code: 'server_error' });
    expect(world.reads).toHaveLength(1);
    expect(world.warnings).toBe(1);
    world.down = false;
    world.nowMs = 2_000;
    expect(await ask()).toMatchObject({ name: 'team-a' });
  });

  it('whose record somebody spoiled is no outage for the others', async () => {
    const spoiled = 'b'.repeat(64);
    const find = createStoredKeys({
      now: () => 0,
      log: () => {},
      store: async () => ({
        async find(sha256) {
          if (sha256 === spoiled) throw new AppError('configuration', 'The field models cannot be understood.');
          return RECORD;
        },
      }),
    });
    await expect(find(spoiled, () => {})).rejects.toMatchObject({ code: 'server_error' });
    expect(await find(GOOD, () => {})).toMatchObject({ name: 'team-a' });
  });
});

describe('keys that are guessed', () => {
  const guess = (index: number) => index.toString(16).padStart(64, '0');

  it('count as unknown for 10 s, and are known when they have been made by then', async () => {
    const { ask, world, records } = open();
    const later = guess(1);
    expect(await ask(later)).toBeUndefined();
    records.set(later, { ...RECORD, sha256: later });
    world.nowMs = 9_999;
    expect(await ask(later)).toBeUndefined();
    expect(world.reads).toHaveLength(1);
    world.nowMs = 10_000;
    expect(await ask(later)).toMatchObject({ name: 'team-a' });
  });

  it('cost 50 reads at once and 5 a second, however many there are, and leave the known ones alone', async () => {
    const { ask, world } = open();
    await ask();
    const outcomes = { unknown: 0, busy: 0 };
    for (let second = 0; second < 10; second += 1) {
      for (let index = 0; index < 10_000; index += 1) {
        await ask(guess(second * 10_000 + index)).then(
          () => (outcomes.unknown += 1),
          (error: AppError) => {
            expect(error).toMatchObject({ code: 'server_error', retryable: true });
            outcomes.busy += 1;
          },
        );
      }
      expect(await ask()).toMatchObject({ name: 'team-a' });
      world.nowMs += SECOND;
    }
    expect(outcomes.unknown + outcomes.busy).toBe(100_000);
    expect(world.reads.length).toBeLessThanOrEqual(1 + 50 + 9 * 5 + 1);
  });

  it('are not looked up at all when their sender has guessed enough', async () => {
    const { world, records } = open();
    const find = createStoredKeys({
      now: () => 0,
      log: () => {},
      store: async () => ({
        async find(sha256) {
          world.reads.push(sha256);
          return records.get(sha256);
        },
      }),
    });
    const enough = new AppError('rate_limit', 'Too many.');
    await expect(
      find(guess(1), () => {
        throw enough;
      }),
    ).rejects.toBe(enough);
    expect(world.reads).toEqual([]);
  });
});
