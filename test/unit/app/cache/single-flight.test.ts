import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { createSingleFlight, type Landed } from '../../../../shared/app/cache/single-flight.ts';

type Flown = Landed<string, string>;

/** Flights that the test lands itself. */
function setUp(maxAlone = 10) {
  const flights: { signal: AbortSignal; land: (landed: Flown) => void; fail: (error: unknown) => void }[] = [];
  const fly = vi.fn(
    (signal: AbortSignal) =>
      new Promise<Flown>((land, fail) => {
        signal.addEventListener('abort', () => fail(signal.reason));
        flights.push({ signal, land, fail });
      }),
  );
  const flight = createSingleFlight<string, string>({ maxAlone });
  const join = (key = 'key') => {
    const controller = new AbortController();
    const settled = vi.fn();
    const result = flight.join({ key, signal: controller.signal, fly });
    result.then(settled, settled);
    return { result, settled, leave: (reason?: unknown) => controller.abort(reason) };
  };
  const at = (index: number) => flights[index] as (typeof flights)[number];
  return { fly, join, at };
}

describe('equal work at the same time', () => {
  it('is done once, and its result is the first one’s own', async () => {
    const { fly, join, at } = setUp();
    const all = Array.from({ length: 50 }, () => join());
    at(0).land({ own: 'own', shared: 'shared' });
    const [first, ...rest] = await Promise.all(all.map(({ result }) => result));
    expect(first).toEqual({ own: 'own', shared: 'shared' });
    expect(rest).toEqual(Array(49).fill({ shared: 'shared' }));
    expect(fly).toHaveBeenCalledOnce();
  });

  it('is done again when the first is over', async () => {
    const { fly, join, at } = setUp();
    const first = join();
    at(0).land({ shared: 'a' });
    await first.result;
    const second = join();
    at(1).land({ shared: 'b' });
    expect(await second.result).toEqual({ shared: 'b' });
    expect(fly).toHaveBeenCalledTimes(2);
  });

  it('is told apart by its key', () => {
    const { fly, join } = setUp();
    join('a');
    join('b');
    expect(fly).toHaveBeenCalledTimes(2);
  });
});

describe('work that somebody leaves', () => {
  it('goes on for the others when the first one leaves, and the next one gets what it brought', async () => {
    const { join, at } = setUp();
    const [first, second, third] = [join(), join(), join()];
    first.leave();
    await expect(first.result).rejects.toMatchObject({ code: 'cancelled' });
    expect(at(0).signal.aborted).toBe(false);
    at(0).land({ own: 'own', shared: 'shared' });
    expect(await second.result).toEqual({ own: 'own', shared: 'shared' });
    expect(await third.result).toEqual({ shared: 'shared' });
  });

  it('goes on when a later one leaves', async () => {
    const { join, at } = setUp();
    const [first, second] = [join(), join()];
    const reason = new Error('gone');
    second.leave(reason);
    await expect(second.result).rejects.toMatchObject({ cause: reason });
    at(0).land({ own: 'own' });
    expect(await first.result).toEqual({ own: 'own' });
  });

  it('is stopped when the last one leaves, and the next to come begins anew', async () => {
    const { fly, join, at } = setUp();
    const [first, second] = [join(), join()];
    first.leave();
    second.leave();
    expect(at(0).signal.aborted).toBe(true);
    const third = join();
    expect(fly).toHaveBeenCalledTimes(2);
    at(1).land({ shared: 'a' });
    expect(await third.result).toEqual({ shared: 'a' });
    await expect(first.result).rejects.toMatchObject({ code: 'cancelled' });
    await expect(second.result).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('is not begun for somebody who has left already', async () => {
    const { fly } = setUp();
    const flight = createSingleFlight<string, string>();
    await expect(flight.join({ key: 'k', signal: AbortSignal.abort(), fly })).rejects.toMatchObject({
      code: 'cancelled',
    });
    expect(fly).not.toHaveBeenCalled();
  });
});

describe('work that gave the others nothing', () => {
  it('fails for the one who began, and the others do it for themselves', async () => {
    const { fly, join, at } = setUp();
    const [first, second] = [join(), join()];
    const failure = new Error('upstream');
    at(0).fail(failure);
    await expect(first.result).rejects.toBe(failure);
    await vi.waitFor(() => expect(fly).toHaveBeenCalledTimes(2));
    const other = new Error('again');
    at(1).fail(other);
    await expect(second.result).rejects.toBe(other);
  });

  it('is done for themselves too when the one who began left before it failed', async () => {
    const { fly, join, at } = setUp();
    const [first, second] = [join(), join()];
    first.leave();
    at(0).fail(new Error('upstream'));
    await vi.waitFor(() => expect(fly).toHaveBeenCalledTimes(2));
    at(1).land({ own: 'own' });
    expect(await second.result).toEqual({ own: 'own' });
    await expect(first.result).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('is done by a few at a time, until one has something to share', async () => {
    const { fly, join, at } = setUp(3);
    const all = Array.from({ length: 20 }, () => join());
    at(0).land({ own: 'not for others' });
    await vi.waitFor(() => expect(fly).toHaveBeenCalledTimes(4));
    await nextTurn();
    expect(fly).toHaveBeenCalledTimes(4);
    at(1).land({ own: 'not either' });
    await vi.waitFor(() => expect(fly).toHaveBeenCalledTimes(5));
    at(2).land({ own: 'own', shared: 'shared' });
    at(3).land({ own: 'late', shared: 'other' });
    at(4).land({ own: 'later', shared: 'other' });
    const results = await Promise.all(all.map(({ result }) => result));
    expect(results.filter(({ own }) => own === undefined)).toEqual(Array(15).fill({ shared: 'shared' }));
    expect(fly).toHaveBeenCalledTimes(5);
  });

  it('leaves nobody waiting whose turn does not come before they go', async () => {
    const { fly, join, at } = setUp(1);
    const [first, second, third] = [join(), join(), join()];
    at(0).land({ own: 'a' });
    await first.result;
    await vi.waitFor(() => expect(fly).toHaveBeenCalledTimes(2));
    third.leave();
    await expect(third.result).rejects.toMatchObject({ code: 'cancelled' });
    second.leave();
    await expect(second.result).rejects.toThrow();
    expect(at(1).signal.aborted).toBe(true);
    expect(fly).toHaveBeenCalledTimes(2);
  });

  it('is a failure of its own when it cannot even begin', async () => {
    const flight = createSingleFlight<string, string>();
    const fly = () => {
      throw new Error('at once');
    };
    await expect(flight.join({ key: 'k', signal: new AbortController().signal, fly })).rejects.toThrow('at once');
  });
});
