import type { ResponseCache } from '../../contracts/response-cache.ts';
import type { MemoryResponseCacheOptions } from './memory.ts';

/** The options of all caches; each takes what it knows. */
export interface ResponseCacheOptions extends MemoryResponseCacheOptions {}

/** Response caches by the name they have in the configuration. A cache is loaded when it is asked for. */
export const responseCaches = {
  memory: async (options: ResponseCacheOptions) => (await import('./memory.ts')).createMemoryResponseCache(options),
} as const satisfies Record<string, (options: ResponseCacheOptions) => Promise<ResponseCache>>;
