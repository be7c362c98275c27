import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ResponseCache } from '../../shared/contracts/response-cache.ts';

export interface ResponseCacheSuite {
  readonly name: string;
  /** A cache that reads the time from `now`. The suite closes it; every test uses keys of its own. */
  createCache(options: { readonly now: () => number }): ResponseCache | Promise<ResponseCache>;
}

/** What every response cache does. */
export function describeResponseCache({ name, createCache }: ResponseCacheSuite): void {
  describe(`${name} as a response cache`, () => {
    const clock = { now: Date.UTC(2030, 0, 1) };
    let cache: ResponseCache;
    let key: string;
    beforeEach(async () => {
      cache = await createCache({ now: () => clock.now });
      key = randomUUID();
    });
    afterEach(() => cache.close());

    it('gives back what was set', async () => {
      const value = JSON.stringify({ text: 'Antwort – 文字 🙂\n"quoted"' });
      await cache.set(key, value, { ttlMs: 1_000 });
      expect(await cache.get(key)).toBe(value);
    });

    it('has nothing under a key that was never set', async () => {
      expect(await cache.get(key)).toBeUndefined();
    });

    it('keeps an empty text apart from nothing', async () => {
      await cache.set(key, '', { ttlMs: 1_000 });
      expect(await cache.get(key)).toBe('');
    });

    it('replaces a value together with its lifetime', async () => {
      await cache.set(key, 'old', { ttlMs: 1_000 });
      await cache.set(key, 'new', { ttlMs: 10_000 });
      clock.now += 5_000;
      expect(await cache.get(key)).toBe('new');
    });

    it('forgets a value when its lifetime is over, to the millisecond', async () => {
      await cache.set(key, 'value', { ttlMs: 1_000 });
      clock.now += 999;
      expect(await cache.get(key)).toBe('value');
      clock.now += 1;
      expect(await cache.get(key)).toBeUndefined();
    });

    it('does not extend a lifetime by reading', async () => {
      await cache.set(key, 'value', { ttlMs: 1_000 });
      clock.now += 600;
      await cache.get(key);
      clock.now += 600;
      expect(await cache.get(key)).toBeUndefined();
    });

    it('keeps nothing that has no lifetime', async () => {
      await cache.set(key, 'value', { ttlMs: 0 });
      expect(await cache.get(key)).toBeUndefined();
    });
  });
}
