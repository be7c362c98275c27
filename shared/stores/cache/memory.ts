import type { ResponseCache } from '../../contracts/response-cache.ts';

export interface MemoryResponseCacheOptions {
  /** Default 1,000. */
  readonly maxEntries?: number;
  /** Bytes of all keys and values together, as UTF-8. Default 64 MiB. */
  readonly maxBytes?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

interface Entry {
  readonly value: string;
  readonly bytes: number;
  readonly expiresAtMs: number;
}

/** Answers kept in this process. When it is full, what was not used for the longest time goes first. */
export function createMemoryResponseCache({
  maxEntries = 1_000,
  maxBytes = 64 * 1_048_576,
  now = Date.now,
}: MemoryResponseCacheOptions = {}): ResponseCache {
  // A Map keeps insertion order; an entry that is read is inserted again, so the first one is the least recently used.
  const entries = new Map<string, Entry>();
  let bytes = 0;

  const remove = (key: string): void => {
    bytes -= entries.get(key)?.bytes ?? 0;
    entries.delete(key);
  };

  return {
    id: 'memory',
    async get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      if (entry.expiresAtMs <= now()) {
        remove(key);
        return undefined;
      }
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },
    async set(key, value, { ttlMs }) {
      remove(key);
      const size = Buffer.byteLength(key) + Buffer.byteLength(value);
      if (!(ttlMs > 0) || size > maxBytes) return;
      entries.set(key, { value, bytes: size, expiresAtMs: now() + ttlMs });
      bytes += size;
      for (const oldest of entries.keys()) {
        if (entries.size <= maxEntries && bytes <= maxBytes) return;
        remove(oldest);
      }
    },
    async close() {
      entries.clear();
      bytes = 0;
    },
  };
}
