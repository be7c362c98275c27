import { describe, expect, it } from 'vitest';
import { createMemoryResponseCache } from '../../../../shared/stores/cache/memory.ts';
import { describeResponseCache } from '../../../contracts/response-cache.ts';

describeResponseCache({ name: 'memory', createCache: createMemoryResponseCache });

describe('bounds of the memory cache', () => {
  const ttl = { ttlMs: 60_000 };

  it('lets go of what was not used for the longest time', async () => {
    const cache = createMemoryResponseCache({ maxEntries: 2 });
    await cache.set('a', '1', ttl);
    await cache.set('b', '2', ttl);
    await cache.get('a');
    await cache.set('c', '3', ttl);
    expect(await Promise.all(['a', 'b', 'c'].map((key) => cache.get(key)))).toEqual(['1', undefined, '3']);
  });

  it('counts bytes of keys and values, not characters', async () => {
    const cache = createMemoryResponseCache({ maxBytes: 12 });
    await cache.set('a', '1234', ttl);
    await cache.set('b', '1234', ttl);
    expect(await cache.get('a')).toBe('1234');
    await cache.set('c', 'ééé', ttl);
    expect(await Promise.all(['a', 'b', 'c'].map((key) => cache.get(key)))).toEqual(['1234', undefined, 'ééé']);
  });

  it('keeps the rest when one value is too large for it, and drops the value it would have replaced', async () => {
    const cache = createMemoryResponseCache({ maxBytes: 10 });
    await cache.set('a', '1', ttl);
    await cache.set('b', '2', ttl);
    await cache.set('a', 'x'.repeat(10), ttl);
    expect(await cache.get('a')).toBeUndefined();
    expect(await cache.get('b')).toBe('2');
  });

  it('frees the bytes of what it replaced or let expire', async () => {
    const clock = { now: 0 };
    const cache = createMemoryResponseCache({ maxBytes: 10, now: () => clock.now });
    for (let round = 0; round < 50; round += 1) await cache.set('a', `${round % 10}2345678`, { ttlMs: 5 });
    clock.now = 5;
    expect(await cache.get('a')).toBeUndefined();
    await cache.set('b', '1234', ttl);
    await cache.set('c', '1234', ttl);
    expect(await cache.get('b')).toBe('1234');
  });
});
