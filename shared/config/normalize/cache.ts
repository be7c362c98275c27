import { defined } from '../objects.ts';
import type { CacheInput } from '../schema/cache.ts';
import { secretFault, toSecretValue } from '../secret-value.ts';
import type { CacheConfig } from '../types.ts';
import type { NormalizeContext } from './context.ts';

const MINUTE_MS = 60_000;

export function normalizeCache(
  input: CacheInput | undefined,
  { problems, missingAt }: NormalizeContext,
): CacheConfig | undefined {
  if (input === undefined) return undefined;
  if (input.provider === 'redis' && input.url === undefined) {
    problems.add('cache.url', 'is required for redis, such as redis://localhost:6379');
  }
  const url = input.url === undefined ? undefined : toSecretValue(withScheme(input.url));
  const readable = url !== undefined && 'value' in url && missingAt('cache.url') === undefined;
  if (readable && !(/^rediss?:\/\//.test(url.value) && URL.canParse(url.value))) {
    problems.add('cache.url', 'must begin with redis:// or rediss://');
  }
  return defined({
    provider: input.provider,
    ttlMs: input.ttl ?? 60 * MINUTE_MS,
    url,
    collection: input.collection ?? 'cache',
    maxEntries: input.max_entries ?? 1_000,
    allowTemperature: input.allow_temperature ?? false,
    semantic: { enabled: input.semantic?.enabled ?? false, threshold: input.semantic?.threshold ?? 0.95 },
  });
}

/** A bare `host:port` is a Redis address too. */
function withScheme(url: string): string {
  return /^[\w.-]+:\d{1,5}$/.test(url) && secretFault(url) === undefined ? `redis://${url}` : url;
}
