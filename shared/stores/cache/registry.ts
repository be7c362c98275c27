import type { ResponseCache } from '../../contracts/response-cache.ts';
import type { FirestoreResponseCacheOptions } from './firestore.ts';
import type { MemoryResponseCacheOptions } from './memory.ts';
import type { RedisResponseCacheOptions } from './redis.ts';

/** The options of all caches; each takes what it knows. */
export interface ResponseCacheOptions
  extends MemoryResponseCacheOptions,
    RedisResponseCacheOptions,
    FirestoreResponseCacheOptions {}

/** Response caches by the name they have in the configuration. A cache is loaded when it is asked for. */
export const responseCaches = {
  memory: async (options: ResponseCacheOptions) => (await import('./memory.ts')).createMemoryResponseCache(options),
  redis: async (options: ResponseCacheOptions) => (await import('./redis.ts')).createRedisResponseCache(options),
  firestore: async (options: ResponseCacheOptions) =>
    (await import('./firestore.ts')).createFirestoreResponseCache(options),
} as const satisfies Record<string, (options: ResponseCacheOptions) => Promise<ResponseCache>>;
