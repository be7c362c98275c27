import { AppError } from '../../contracts/app-error.ts';
import type { ResponseCache } from '../../contracts/response-cache.ts';
import { waitFor } from '../abort.ts';
import { type CacheGuardOptions, createCacheGuard } from './cache-guard.ts';

export interface RedisResponseCacheOptions extends CacheGuardOptions {
  /**
   * `redis://` or `rediss://` (TLS), with user, password and database where needed:
   * `rediss://user:password@host:6379/0`. A function is asked on first use, and again after it failed.
   */
  readonly url?: string | (() => Promise<string>);
  /** Longest wait for one operation, in milliseconds, a connection that is being opened included. Default 250. */
  readonly timeoutMs?: number;
}

const KEY_PREFIX = 'sluice:';
/** Longest wait for the address, which may come from a secret store. */
const ADDRESS_TIMEOUT_MS = 2_000;
const CONNECT_TIMEOUT_MS = 2_000;
const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 5_000;
/** A connection whose other end is gone without a word looks idle for many minutes; after so many waits it is replaced. */
const MAX_TIMEOUTS = 3;

/**
 * Answers kept in Redis, which counts their lifetimes. Connects on first use and again whenever the connection is lost;
 * without a connection, or when Redis is slow, everything is a miss.
 */
export function createRedisResponseCache({
  url,
  timeoutMs = 250,
  ...guardOptions
}: RedisResponseCacheOptions): ResponseCache {
  const guard = createCacheGuard(guardOptions);
  let opening: Promise<RedisClient> | undefined;
  let timeouts = 0;
  let isClosed = false;

  const open = async (): Promise<RedisClient> => {
    const address = await waitFor(async () => await readAddress(url), { timeoutMs: ADDRESS_TIMEOUT_MS });
    return await createClient(address);
  };
  const connect = (): Promise<RedisClient> => {
    if (opening) return opening;
    const made = open();
    opening = made;
    made.catch(() => {
      if (opening === made) opening = undefined;
    });
    return made;
  };
  const disconnect = async (): Promise<void> => {
    const made = opening;
    opening = undefined;
    timeouts = 0;
    await made?.then(
      (client) => client.destroy(),
      () => undefined,
    );
  };

  const run = <T>(operation: (client: RedisClient) => Promise<T>): Promise<T | undefined> => {
    if (isClosed) return Promise.resolve(undefined);
    return guard(async () => {
      const client = await connect();
      try {
        const value = await waitFor(async () => operation(await client.whenOpen()), { timeoutMs });
        timeouts = 0;
        return value;
      } catch (error) {
        if (error instanceof AppError && error.code === 'timeout') {
          timeouts += 1;
          if (timeouts >= MAX_TIMEOUTS) await disconnect();
        }
        throw error;
      }
    });
  };

  return {
    id: 'redis',
    async get(key) {
      return (await run((client) => client.get(KEY_PREFIX + key))) ?? undefined;
    },
    async set(key, value, { ttlMs }) {
      await run((client) =>
        ttlMs > 0 ? client.set(KEY_PREFIX + key, value, Math.ceil(ttlMs)) : client.remove(KEY_PREFIX + key),
      );
    },
    async close() {
      isClosed = true;
      await disconnect();
    },
  };
}

interface RedisClient {
  /** This client, once the first attempt to connect is over. @throws AppError `network` without a connection. */
  whenOpen(): Promise<RedisClient>;
  get(key: string): Promise<string | null>;
  set(key: string, value: string, ttlMs: number): Promise<unknown>;
  remove(key: string): Promise<unknown>;
  destroy(): void;
}

/** A client that has begun to connect, and goes on trying until it is destroyed. */
async function createClient(url: string): Promise<RedisClient> {
  // A CommonJS package: once bundled, only its default export is sure to be there.
  const { default: redis } = await import('redis');
  let lastError: unknown;
  let isDestroyed = false;
  const client = redis.createClient({
    url,
    // The older protocol asks nothing of the server before the first command, and every version speaks it.
    RESP: 2,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    disableOfflineQueue: true,
    socket: {
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectStrategy: (retries) =>
        Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(retries, 16), MAX_BACKOFF_MS) * (0.5 + Math.random() / 2),
    },
  });
  const firstAttempt = new Promise<void>((resolve) => {
    client.once('ready', resolve).once('error', () => resolve());
  });
  // Without a listener an error event ends the process.
  client.on('error', (error: unknown) => {
    lastError = error;
  });
  client.on('ready', () => {
    // A connection that came to be while its client was given up.
    if (isDestroyed) client.destroy();
  });
  // What goes wrong is told by the error event; connecting itself never gives up.
  client.connect().catch(() => undefined);

  const self: RedisClient = {
    async whenOpen() {
      await firstAttempt;
      if (!client.isReady) throw new AppError('network', 'The Redis cache cannot be reached.', { cause: lastError });
      return self;
    },
    get: (key) => client.get(key),
    set: (key, value, ttlMs) => client.set(key, value, { expiration: { type: 'PX', value: ttlMs } }),
    remove: (key) => client.del(key),
    destroy() {
      isDestroyed = true;
      client.destroy();
    },
  };
  return self;
}

async function readAddress(url: RedisResponseCacheOptions['url']): Promise<string> {
  const address = typeof url === 'function' ? await url() : url;
  if (address !== undefined && /^rediss?:\/\//.test(address) && URL.canParse(address)) return address;
  throw new AppError('configuration', 'Set cache.url to the address of Redis, such as redis://localhost:6379.', {
    param: 'cache.url',
  });
}
