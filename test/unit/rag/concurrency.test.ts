import { expect, test } from 'vitest';
import { createLimiter, mapConcurrently } from '../../../shared/rag/concurrency.ts';

const { signal } = new AbortController();
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('results stand in the order of the items, whatever finishes first', async () => {
  const order: number[] = [];
  const results = await mapConcurrently([3, 1, 2], 3, async (item) => {
    for (let left = item; left > 0; left -= 1) await turn();
    order.push(item);
    return item * 10;
  });
  expect(results).toEqual([30, 10, 20]);
  expect(order).toEqual([1, 2, 3]);
});

test('at most so many run at a time', async () => {
  let running = 0;
  let most = 0;
  await mapConcurrently(Array.from({ length: 20 }), 4, async () => {
    running += 1;
    most = Math.max(most, running);
    await turn();
    running -= 1;
  });
  expect(most).toBe(4);
});

test('nothing begins after a failure or an abort', async () => {
  const begun: number[] = [];
  const failing = mapConcurrently([0, 1, 2, 3], 1, async (item) => {
    begun.push(item);
    if (item === 1) throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(begun).toEqual([0, 1]);

  const controller = new AbortController();
  const aborted = mapConcurrently(
    [0, 1, 2],
    1,
    async (item) => {
      begun.push(item);
      controller.abort();
    },
    controller.signal,
  );
  await expect(aborted).rejects.toMatchObject({ code: 'cancelled' });
  expect(begun).toEqual([0, 1, 0]);
});

test('a place is free again after a failure, and goes to who came first', async () => {
  const limit = createLimiter(1);
  const order: string[] = [];
  const failing = limit(async () => {
    await turn();
    throw new Error('no');
  }, signal);
  const later = ['a', 'b', 'c'].map((name) => limit(async () => order.push(name), signal));
  await expect(failing).rejects.toThrow('no');
  await Promise.all(later);
  expect(order).toEqual(['a', 'b', 'c']);
});

test('who waits and is aborted leaves the line to the others', async () => {
  const limit = createLimiter(1);
  const controller = new AbortController();
  const first = limit(turn, signal);
  const leaving = limit(async () => 'never', controller.signal);
  const last = limit(async () => 'last', signal);
  controller.abort();
  await expect(leaving).rejects.toMatchObject({ code: 'cancelled' });
  await first;
  expect(await last).toBe('last');
});

test('what is heavy waits until there is room for it, and nobody overtakes it', async () => {
  const limit = createLimiter(10);
  const order: string[] = [];
  let load = 0;
  let heaviest = 0;
  const run = (name: string, weight: number) =>
    limit(
      async () => {
        order.push(name);
        load += Math.min(weight, 10);
        heaviest = Math.max(heaviest, load);
        await turn();
        load -= Math.min(weight, 10);
      },
      signal,
      weight,
    );
  await Promise.all([run('six', 6), run('five', 5), run('one', 1), run('hundred', 100), run('four', 4)]);
  expect(order).toEqual(['six', 'five', 'one', 'hundred', 'four']);
  expect(heaviest).toBe(10);
});

test('whoever comes after a heavy one that leaves the line need not wait for it', async () => {
  const limit = createLimiter(2);
  const controller = new AbortController();
  let finish = () => {};
  const first = limit(() => new Promise<void>((resolve) => (finish = resolve)), signal);
  const heavy = limit(async () => 'heavy', controller.signal, 2);
  const light = limit(async () => 'light', signal);
  controller.abort();
  await expect(heavy).rejects.toMatchObject({ code: 'cancelled' });
  expect(await light).toBe('light');
  finish();
  await first;
});
