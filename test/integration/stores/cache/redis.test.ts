import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createClient } from 'redis';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import type { ResponseCache } from '../../../../shared/contracts/response-cache.ts';
import { createRedisResponseCache, type RedisResponseCacheOptions } from '../../../../shared/stores/cache/redis.ts';
import { describeResponseCache } from '../../../contracts/response-cache.ts';
import { type RedisServer, startRedisServer } from '../../../support/redis-server.ts';
import { describeWithRedis } from '../../../support/services.ts';

const ttl = { ttlMs: 60_000 };

describeWithRedis('the Redis response cache', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedisServer();
  });
  afterAll(() => server.kill());

  describeResponseCache({
    name: 'redis',
    createCache: () => createRedisResponseCache({ url: server.url }),
    passTime: (milliseconds) => shortenLifetimes(server.url, milliseconds),
    precisionMs: 5_000,
  });

  it('names its keys so that they are told apart from those of others', async () => {
    const cache = createRedisResponseCache({ url: async () => server.url });
    await cache.set('0123abcd', 'value', ttl);
    await cache.close();
    await inspect(server.url, async (client) => expect(await client.get('sluice:0123abcd')).toBe('value'));
  });
});

describeWithRedis('the Redis response cache in trouble', () => {
  let server: RedisServer;
  const caches: ResponseCache[] = [];
  const clock = { now: 0 };

  beforeAll(async () => {
    server = await startRedisServer({ password: 'p@ss:%40' });
  });
  afterAll(() => server.kill());
  afterEach(() => Promise.all(caches.splice(0).map((cache) => cache.close())));

  const open = (options: Partial<RedisResponseCacheOptions> = {}): ResponseCache => {
    const cache = createRedisResponseCache({ url: server.url, now: () => clock.now, ...options });
    caches.push(cache);
    return cache;
  };
  /** Beyond the pause that follows a fault. */
  const rest = (): void => {
    clock.now += 2_000;
  };
  const worksAgain = (cache: ResponseCache): Promise<void> =>
    vi.waitFor(
      async () => {
        rest();
        await cache.set('key', 'back', ttl);
        expect(await cache.get('key')).toBe('back');
      },
      { timeout: 20_000, interval: 50 },
    );

  it('has nothing while Redis is down from the start, and works once it is up', async () => {
    await server.kill();
    const onFault = vi.fn();
    const cache = open({ onFault });
    await cache.set('key', 'value', ttl);
    expect(await cache.get('key')).toBeUndefined();
    rest();
    expect(await cache.get('key')).toBeUndefined();
    expect(onFault.mock.calls).toEqual([[expect.objectContaining({ code: 'network' })]]);
    await server.start();
    await worksAgain(cache);
  });

  it('has nothing after Redis was killed, and works again when it is back', async () => {
    const onFault = vi.fn();
    const cache = open({ onFault });
    await cache.set('key', 'value', ttl);
    expect(await cache.get('key')).toBe('value');
    await server.kill();
    expect(await Promise.all(Array.from({ length: 20 }, () => cache.get('key')))).toEqual(Array(20).fill(undefined));
    rest();
    await cache.set('key', 'lost', ttl);
    expect(await cache.get('key')).toBeUndefined();
    expect(onFault).toHaveBeenCalledOnce();
    await server.start();
    await worksAgain(cache);
    await server.kill();
    rest();
    expect(await cache.get('key')).toBeUndefined();
    expect(onFault).toHaveBeenCalledTimes(2);
    await server.start();
  });

  it('does not wait for a Redis that hangs, and leaves it alone for a moment', async () => {
    const onFault = vi.fn();
    const cache = open({ onFault, timeoutMs: 100 });
    await cache.set('key', 'value', ttl);
    server.freeze();
    try {
      const startedAt = performance.now();
      expect(await cache.get('key')).toBeUndefined();
      expect(performance.now() - startedAt).toBeLessThan(2_000);
      const pausedAt = performance.now();
      for (let round = 0; round < 100; round += 1) await cache.get('key');
      expect(performance.now() - pausedAt).toBeLessThan(100);
      expect(onFault.mock.calls).toEqual([[expect.objectContaining({ code: 'timeout' })]]);
    } finally {
      server.thaw();
    }
    await worksAgain(cache);
  });

  it('gives up a connection that stays silent, and opens another', async () => {
    const silent = await startSilentServer();
    const cache = open({ url: `redis://127.0.0.1:${silent.port}`, timeoutMs: 50 });
    for (let round = 0; round < 4; round += 1) {
      expect(await cache.get('key')).toBeUndefined();
      rest();
    }
    await vi.waitFor(() => expect(silent.accepted()).toBe(2));
    await cache.close();
    await vi.waitFor(() => expect(silent.connected()).toBe(0));
    await silent.close();
  });

  it.each([
    ['a wrong password', () => `redis://:wrong@127.0.0.1:${server.port}`],
    ['a name that does not exist', () => 'redis://redis.invalid:6379'],
    ['an address that is none', () => 'localhost'],
    ['no address', () => ''],
    ['TLS that the server does not speak', () => `rediss://127.0.0.1:${server.port}`],
  ])('has nothing with %s', async (_name, url) => {
    const onFault = vi.fn();
    const cache = open({ url: url(), onFault });
    await cache.set('key', 'value', ttl);
    rest();
    expect(await cache.get('key')).toBeUndefined();
    expect(onFault).toHaveBeenCalledOnce();
    const [fault] = onFault.mock.calls[0] ?? [];
    expect(String(fault)).not.toMatch(/wrong|127\.0\.0\.1|invalid/);
  });

  it('asks for its address again after that failed', async () => {
    const url = vi.fn<() => Promise<string>>().mockRejectedValueOnce(new Error('no secret'));
    url.mockResolvedValue(server.url);
    const cache = open({ url });
    expect(await cache.get('key')).toBeUndefined();
    await worksAgain(cache);
  });

  it('is closed while it connects', async () => {
    const silent = await startSilentServer();
    const cache = open({ url: `redis://127.0.0.1:${silent.port}` });
    const pending = cache.get('key');
    await cache.close();
    expect(await pending).toBeUndefined();
    await vi.waitFor(() => expect([silent.accepted(), silent.connected()]).toEqual([1, 0]));
    await silent.close();
  });

  it('is closed for good', async () => {
    const cache = open();
    await worksAgain(cache);
    await cache.close();
    await cache.set('key', 'value', ttl);
    expect(await cache.get('key')).toBeUndefined();
    await cache.close();
  });
});

const clientOf = (url: string) => createClient({ url });

async function inspect(url: string, look: (client: ReturnType<typeof clientOf>) => Promise<unknown>): Promise<void> {
  const client = clientOf(url);
  await client.connect();
  await look(client).finally(() => client.destroy());
}

/** What the passing of time does to keys with a lifetime; a key without one is an error. */
function shortenLifetimes(url: string, milliseconds: number): Promise<void> {
  return inspect(url, async (client) => {
    for (const key of await client.keys('*')) {
      const left = Number(await client.pTTL(key));
      if (left === -1) throw new Error('A key without a lifetime.');
      if (left > milliseconds) await client.pExpire(key, left - milliseconds);
      else await client.del(key);
    }
  });
}

/** Accepts connections and says nothing. */
async function startSilentServer() {
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server = createServer((socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).once('close', () => sockets.delete(socket));
    socket.resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    accepted: () => accepted,
    connected: () => sockets.size,
    async close() {
      server.close();
      await once(server, 'close');
    },
  };
}
