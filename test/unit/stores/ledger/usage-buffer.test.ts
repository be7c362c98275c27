import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../../../shared/contracts/app-error.ts';
import type { UsageEntry } from '../../../../shared/contracts/usage-ledger.ts';
import {
  createUsageBuffer,
  type Unwritten,
  type UsageBufferOptions,
} from '../../../../shared/stores/ledger/usage-buffer.ts';
import { type DayRecord, emptyRecord, mergeRecord, toDailyUsage } from '../../../../shared/usage/day-record.ts';

const ENTRY: UsageEntry = { provider: 'p', model: 'm', promptTokens: 1, completionTokens: 0, costNanoUsd: 5 };
const DAY = '2030-01-01';

/** A store whose writes succeed, fail or hang as `answer` says. */
function startBuffer(options: Partial<UsageBufferOptions> = {}) {
  const stored = new Map<string, DayRecord>();
  const writes: number[] = [];
  const failures: string[] = [];
  const store = {
    answer: async (): Promise<void> => {},
    stored,
    writes,
    failures,
    requests: (day = DAY): number => stored.get(day)?.totals.requests ?? 0,
  };
  const buffer = createUsageBuffer({
    write: async (day, part) => {
      writes.push(part.totals.requests);
      await store.answer();
      const record = stored.get(day) ?? emptyRecord();
      stored.set(day, record);
      mergeRecord(record, part);
    },
    split: (record) => [record],
    now: Date.now,
    flushMs: 1_000,
    maxEntries: 20,
    patienceMs: 5_000,
    maxLabels: 10,
    onFailure: (error) => failures.push(error.message),
    ...options,
  });
  const add = (count: number): void => {
    for (let index = 0; index < count; index += 1) buffer.add(ENTRY);
  };
  const readRequests = () =>
    buffer.read(
      async () => store.requests(),
      (known: number, unwritten: Unwritten) => known + (unwritten.get(DAY)?.totals.requests ?? 0),
    );
  return { buffer, store, add, readRequests };
}

const broken = async (): Promise<never> => {
  throw new AppError('network', 'Firestore cannot be reached.');
};

describe('the usage buffer', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: Date.UTC(2030, 0, 1, 12) });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('writes the first entry at once and those that follow together, a second later', async () => {
    const { store, add } = startBuffer();
    add(1);
    await vi.advanceTimersByTimeAsync(0);
    expect(store.writes).toEqual([1]);
    add(3);
    await vi.advanceTimersByTimeAsync(999);
    expect(store.writes).toEqual([1]);
    await vi.advanceTimersByTimeAsync(1);
    expect(store.writes).toEqual([1, 3]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(store.writes).toEqual([1, 3]);
  });

  it('does not let many entries wait', async () => {
    const { store, add } = startBuffer();
    add(1);
    await vi.advanceTimersByTimeAsync(0);
    add(25);
    await vi.advanceTimersByTimeAsync(0);
    expect(store.writes).toEqual([1, 20]);
    expect(store.requests()).toBe(21);
  });

  it('writes what came in during a write when there is enough of it', async () => {
    const { store, add } = startBuffer();
    add(30);
    await vi.advanceTimersByTimeAsync(0);
    expect(store.writes).toEqual([1, 29]);
  });

  it('keeps what could not be written, and tries again after longer and longer pauses', async () => {
    const { store, add } = startBuffer();
    store.answer = broken;
    add(1);
    await vi.advanceTimersByTimeAsync(0);
    add(50);
    await vi.advanceTimersByTimeAsync(1_999);
    expect(store.writes).toEqual([1]);
    await vi.advanceTimersByTimeAsync(1);
    expect(store.writes).toEqual([1, 51]);
    await vi.advanceTimersByTimeAsync(3_999);
    expect(store.writes).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(600_000);
    const attempts = store.writes.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(store.writes).toHaveLength(attempts + 1);
    expect(store.failures).toHaveLength(attempts + 1);
    store.answer = async () => {};
    await vi.advanceTimersByTimeAsync(60_000);
    expect(store.requests()).toBe(51);
    // And is itself again.
    add(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(store.requests()).toBe(52);
  });

  it('reads what was added before, and not what is added meanwhile', async () => {
    const { add, store, readRequests } = startBuffer();
    add(3);
    const reading = readRequests();
    add(4);
    expect(await reading).toBe(3);
    expect(await readRequests()).toBe(7);
    expect(store.requests()).toBe(7);
  });

  it('counts in a read what could not be written', async () => {
    const { store, add, readRequests } = startBuffer();
    store.answer = broken;
    add(3);
    expect(await readRequests()).toBe(3);
    expect(await readRequests()).toBe(3);
  });

  it('does not write twice what is written late', async () => {
    const { buffer, store, add, readRequests } = startBuffer();
    let answer = (): void => {};
    store.answer = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    add(2);
    const reading = readRequests();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(store.failures).toHaveLength(2);
    expect(await reading).toBe(2);
    store.answer = async () => {};
    answer();
    await buffer.flush();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(store.writes.slice(0, 2)).toEqual([1, 1]);
    // One is written, the other one's outcome is still not known.
    expect(store.requests()).toBe(1);
    expect(await readRequests()).toBe(2);
  });

  it('writes again what failed late', async () => {
    const { store, add, readRequests } = startBuffer();
    let fail = (_error: Error): void => {};
    store.answer = () =>
      new Promise((_, reject) => {
        fail = reject;
      });
    add(1);
    await vi.advanceTimersByTimeAsync(5_000);
    store.answer = async () => {};
    expect(await readRequests()).toBe(1);
    fail(new Error('reset'));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(store.requests()).toBe(1);
    expect(await readRequests()).toBe(1);
  });

  it('writes the parts of a record that come after a failed one later, and those before it once', async () => {
    const extra = { ...emptyRecord(), totals: { ...emptyRecord().totals, unpriced: 1 } };
    const { buffer, store, add } = startBuffer({ split: (record) => [record, extra, extra] });
    const answers = [async () => {}, broken];
    store.answer = () => (answers.shift() ?? (async () => {}))();
    add(1);
    await vi.advanceTimersByTimeAsync(0);
    expect(store.requests()).toBe(1);
    // After the second one failed, the third was not tried.
    expect(store.writes).toHaveLength(2);
    await buffer.flush();
    expect(store.requests()).toBe(1);
    // The two that were left, and the two that are added to every record here.
    expect(store.stored.get(DAY)?.totals.unpriced).toBe(4);
  });

  it('keeps the days apart, and of a long outage the last seven', async () => {
    const { buffer, store, add } = startBuffer();
    store.answer = broken;
    for (let day = 0; day < 9; day += 1) {
      add(1);
      await buffer.flush();
      await vi.advanceTimersByTimeAsync(86_400_000);
    }
    store.answer = async () => {};
    await buffer.flush();
    expect([...store.stored.keys()].sort()).toEqual([3, 4, 5, 6, 7, 8, 9].map((day) => `2030-01-0${day}`));
    expect(store.failures.filter((message) => message.includes('is lost'))).toHaveLength(2);
  });

  it('bounds the labels of a day over all its writes, and learns those that the store has', async () => {
    const { buffer, store } = startBuffer({ maxLabels: 2 });
    const learned = emptyRecord();
    learned.byDimension.model.set('seen', emptyRecord().totals);
    buffer.learn(toDailyUsage(DAY, learned));
    for (const model of ['a', 'b', 'seen', 'a', 'c']) {
      buffer.add({ ...ENTRY, model });
      await buffer.flush();
    }
    const models = [...(store.stored.get(DAY)?.byDimension.model ?? [])].map(([model, sums]) => [model, sums.requests]);
    expect(Object.fromEntries(models)).toEqual({ a: 2, seen: 1, other: 2 });
  });

  it('writes the rest when it is closed, and says so when that fails or comes too late', async () => {
    const { buffer, store, add } = startBuffer();
    add(1);
    await vi.advanceTimersByTimeAsync(0);
    add(2);
    await buffer.close();
    expect(store.requests()).toBe(3);
    add(1);
    expect(store.failures).toEqual([expect.stringContaining('is lost')]);

    const failing = startBuffer();
    failing.store.answer = broken;
    failing.add(1);
    await failing.buffer.close();
    expect(failing.store.failures.at(-1)).toContain('is lost');
    expect(vi.getTimerCount()).toBe(0);
  });
});
