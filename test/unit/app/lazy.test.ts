import { describe, expect, it, vi } from 'vitest';
import { createLazy } from '../../../shared/app/lazy.ts';

describe('a lazy value', () => {
  it('is made on its first use, once for all who ask meanwhile', async () => {
    const make = vi.fn(async () => ({}));
    const lazy = createLazy(make);
    expect(make).not.toHaveBeenCalled();
    expect(lazy.peek()).toBeUndefined();
    const [first, second] = await Promise.all([lazy.get(), lazy.get()]);
    expect(first).toBe(second);
    expect(await lazy.get()).toBe(first);
    expect(await lazy.peek()).toBe(first);
    expect(make).toHaveBeenCalledOnce();
  });

  it('is tried again after a failure, which all who waited for it see', async () => {
    const make = vi.fn<() => Promise<string>>().mockRejectedValueOnce(new Error('first')).mockResolvedValue('second');
    const lazy = createLazy(make);
    const waiting = await Promise.allSettled([lazy.get(), lazy.get()]);
    expect(waiting.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(make).toHaveBeenCalledOnce();
    expect(lazy.peek()).toBeUndefined();
    expect(await lazy.get()).toBe('second');
    expect(make).toHaveBeenCalledTimes(2);
  });

  it('keeps a later value when an earlier failure comes to light', async () => {
    let fail: (error: Error) => void = () => {};
    const make = vi
      .fn<() => Promise<string>>()
      .mockImplementationOnce(
        () =>
          new Promise((_, reject) => {
            fail = reject;
          }),
      )
      .mockResolvedValue('good');
    const lazy = createLazy(make);
    const first = lazy.get();
    fail(new Error('late'));
    await expect(first).rejects.toThrowError('late');
    expect(await lazy.get()).toBe('good');
    expect(await lazy.get()).toBe('good');
    expect(make).toHaveBeenCalledTimes(2);
  });
});
