import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ResponseCache } from '../../shared/contracts/response-cache.ts';

export interface ResponseCacheSuite {
  readonly name: string;
  /** A cache that reads the time from `now`. The suite closes it; every test uses keys of its own. */
  createCache(options: { readonly now: () => number }): ResponseCache | Promise<ResponseCache>;
  /** For a backend that counts lifetimes by a clock of its own: lets so much time pass there. */
  passTime?(milliseconds: number): Promise<void>;
  /** How exactly a lifetime can be tested, in milliseconds. Default 1. */
  readonly precisionMs?: number;
}

const LIFETIME_MS = 60_000;

/** What every response cache does. */
export function describeResponseCache({ name, createCache, passTime, precisionMs = 1 }: ResponseCacheSuite): void {
  describe(`${name} as a response cache`, () => {
    const clock = { now: Date.UTC(2030, 0, 1) };
    const ttl = { ttlMs: LIFETIME_MS };
    let cache: ResponseCache;
    let key: string;
    beforeEach(async () => {
      cache = await createCache({ now: () => clock.now });
      key = randomUUID();
    });
    afterEach(() => cache.close());

    const pass = async (milliseconds: number): Promise<void> => {
      clock.now += milliseconds;
      await passTime?.(milliseconds);
    };

    it('gives back what was set', async () => {
      const value = JSON.stringify({ text: 'Antwort – 文字 🙂\n"quoted"' });
      await cache.set(key, value, ttl);
      expect(await cache.get(key)).toBe(value);
    });

    it('has nothing under a key that was never set', async () => {
      expect(await cache.get(key)).toBeUndefined();
    });

    it('keeps an empty text apart from nothing', async () => {
      await cache.set(key, '', ttl);
      expect(await cache.get(key)).toBe('');
    });

    it('holds an answer of half a megabyte', async () => {
      const value = 'answer '.repeat(75_000);
      await cache.set(key, value, ttl);
      expect(await cache.get(key)).toBe(value);
    });

    it('replaces a value together with its lifetime', async () => {
      await cache.set(key, 'old', ttl);
      await cache.set(key, 'new', { ttlMs: 10 * LIFETIME_MS });
      await pass(5 * LIFETIME_MS);
      expect(await cache.get(key)).toBe('new');
    });

    it('forgets a value when its lifetime is over and not before', async () => {
      await cache.set(key, 'value', ttl);
      await pass(LIFETIME_MS - precisionMs);
      expect(await cache.get(key)).toBe('value');
      await pass(precisionMs);
      expect(await cache.get(key)).toBeUndefined();
    });

    it('does not extend a lifetime by reading', async () => {
      await cache.set(key, 'value', ttl);
      await pass(0.6 * LIFETIME_MS);
      expect(await cache.get(key)).toBe('value');
      await pass(0.6 * LIFETIME_MS);
      expect(await cache.get(key)).toBeUndefined();
    });

    it('takes a lifetime that is no whole number of milliseconds', async () => {
      await cache.set(key, 'value', { ttlMs: LIFETIME_MS + 0.5 });
      expect(await cache.get(key)).toBe('value');
    });

    it('keeps nothing that has no lifetime, not even what it was to replace', async () => {
      await cache.set(key, 'old', ttl);
      await cache.set(key, 'value', { ttlMs: 0 });
      expect(await cache.get(key)).toBeUndefined();
    });
  });
}
