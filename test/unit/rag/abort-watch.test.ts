import { expect, test, vi } from 'vitest';
import { createAbortWatch } from '../../../shared/rag/abort-watch.ts';

test('every waiter is told once, by one listener', () => {
  const controller = new AbortController();
  const add = vi.spyOn(controller.signal, 'addEventListener');
  const watch = createAbortWatch();
  const waiters = Array.from({ length: 50 }, () => vi.fn());
  const ends = waiters.map((waiter) => watch(controller.signal, waiter));
  ends[3]?.();
  expect(add).toHaveBeenCalledOnce();
  controller.abort();
  for (const [index, waiter] of waiters.entries()) expect(waiter).toHaveBeenCalledTimes(index === 3 ? 0 : 1);
  for (const end of ends) end();
});

test('the listener goes with the last waiter, and a new one brings a new listener', () => {
  const controller = new AbortController();
  const add = vi.spyOn(controller.signal, 'addEventListener');
  const remove = vi.spyOn(controller.signal, 'removeEventListener');
  const watch = createAbortWatch();
  const first = watch(controller.signal, () => {});
  const second = watch(controller.signal, () => {});
  first();
  expect(remove).not.toHaveBeenCalled();
  second();
  second();
  expect(remove).toHaveBeenCalledOnce();
  const late = vi.fn();
  watch(controller.signal, late);
  first();
  controller.abort();
  expect(late).toHaveBeenCalledOnce();
  expect(add).toHaveBeenCalledTimes(2);
});

test('signals do not know of each other', () => {
  const [left, stayed] = [new AbortController(), new AbortController()];
  const watch = createAbortWatch();
  const leave = vi.fn();
  const stay = vi.fn();
  watch(left.signal, leave);
  watch(stayed.signal, stay);
  left.abort();
  expect([leave.mock.calls.length, stay.mock.calls.length]).toEqual([1, 0]);
});
