import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createGuardedHttpClient } from '../../../shared/security/guarded-http.ts';
import { toGuardTarget } from '../../../shared/security/url-guard.ts';
import {
  answers,
  createRecordingClient,
  createTrap,
  PUBLIC_ADDRESS,
  type RecordingClient,
  readText,
  refusal,
  type Trap,
} from '../../support/guarded-client.ts';
import { createScriptedServer } from '../../support/scripted-server.ts';
import { guardCase } from '../../support/url-cases.ts';

let trap: Trap;
let client: RecordingClient;

beforeEach(async () => {
  trap = await createTrap();
});

afterEach(async () => {
  await client?.close();
  await trap.close();
});

const { target } = guardCase('production');

function open(addresses: readonly string[] = [PUBLIC_ADDRESS], { production = true } = {}): void {
  client = createRecordingClient({ trap, resolve: answers(...addresses), production });
}

describe('what an upstream does', () => {
  it.each([301, 302, 303, 307, 308])('does not follow a redirect (%i)', async (status) => {
    open();
    const fetch = client.fetchFor(target);
    for (const location of ['http://169.254.169.254/', `${target.origin}/api/tags`, 'https://attacker.example/']) {
      trap.answer = (_, response) => response.writeHead(status, { location }).end();
      const response = await fetch(`${target.origin}/api/chat`, { method: 'POST', body: '{}' });
      expect([response.status, response.ok, await readText(Promise.resolve(response))]).toEqual([status, false, '']);
    }
    expect([trap.requests.length, client.resolved.length]).toEqual([3, 1]);
  });

  it('cuts a body without end at the limit', async () => {
    open();
    trap.answer = (_, response) => {
      const write = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', write);
      write();
    };
    const response = await client.fetchFor(target)(target.origin, { maxBytes: 1_000_000 });
    expect(await refusal(response.text())).toMatchObject({ code: 'server_error', retryable: false });
  });

  it.each([
    ['headers that never come', (): void => {}],
    ['silence after the headers', (_: unknown, response: { flushHeaders(): void }) => response.flushHeaders()],
  ])('gives up on %s', async (_, answer) => {
    open();
    trap.answer = answer;
    const limits = { headersTimeoutMs: 200, idleTimeoutMs: 200 };
    const text = client
      .fetchFor(target)(target.origin, limits)
      .then((response) => response.text());
    expect(await refusal(text)).toMatchObject({ code: 'timeout' });
  });
});

describe('proxies of the environment', () => {
  it.each(['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'])(
    'are ignored (%s)',
    async (name) => {
      let visits = 0;
      const proxy = createServer((socket) => {
        visits += 1;
        socket.destroy();
      });
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
      vi.stubEnv(name, `http://127.0.0.1:${(proxy.address() as { port: number }).port}`);
      vi.stubEnv('NODE_USE_ENV_PROXY', '1');
      open();
      expect(await readText(client.fetchFor(target)(target.origin))).toBe('reached');
      expect(await readText(client.fetchVendor('https://api.vendor.example/v1'))).toBe('reached');
      expect(visits).toBe(0);
      await new Promise((resolve) => proxy.close(resolve));
    },
  );
});

describe('fetchVendor', () => {
  it('reaches public hosts over https and shares their sockets', async () => {
    open();
    for (let count = 0; count < 3; count += 1) {
      const init = { method: 'POST', body: '{}', headers: { authorization: 'Bearer k' } } as const;
      expect(await readText(client.fetchVendor('https://api.vendor.example/v1/chat?alt=sse', init))).toBe('reached');
    }
    expect(trap.requests.at(-1)).toMatchObject({
      url: '/v1/chat?alt=sse',
      method: 'POST',
      host: 'api.vendor.example',
      headers: { authorization: 'Bearer k' },
    });
    expect([trap.connections, client.dialled]).toEqual([1, [[PUBLIC_ADDRESS]]]);
  });

  it.each([['10.0.0.5'], ['169.254.169.254'], ['127.0.0.1'], [PUBLIC_ADDRESS, 'fd00::1'], ['64:ff9b::a00:5']])(
    'never reaches %s, in development either',
    async (...addresses) => {
      open(addresses, { production: false });
      expect(await refusal(client.fetchVendor('https://api.vendor.example/'))).toMatchObject({ code: 'blocked_url' });
      expect([trap.connections, client.blocked[0]?.targetName]).toEqual([0, 'vendor']);
    },
  );

  it.each([
    'http://api.vendor.example/',
    'https://api.vendor.example:8443/',
    'https://127.0.0.1/',
    'https://localhost/',
  ])('does not take %s', async (url) => {
    open([PUBLIC_ADDRESS], { production: false });
    expect(await refusal(client.fetchVendor(url))).toMatchObject({ code: 'blocked_url' });
    expect([trap.connections, client.resolved]).toEqual([0, []]);
  });
});

describe('fetchPublic', () => {
  const url = 'https://pictures.example/cat.png?size=2#top';

  it('gets a public URL and sends no header but `accept`', async () => {
    open();
    await readText(client.fetchPublic(url, { headers: { accept: 'image/*', authorization: 'k', cookie: 'c' } }));
    expect(trap.requests).toEqual([expect.objectContaining({ method: 'GET', url: '/cat.png?size=2' })]);
    expect(trap.requests[0]?.headers).toMatchObject({ accept: 'image/*', host: 'pictures.example' });
    expect(Object.keys(trap.requests[0]?.headers ?? {}).sort()).toEqual([
      'accept',
      'accept-encoding',
      'connection',
      'host',
    ]);
  });

  it('does nothing but GET', async () => {
    open();
    for (const init of [{ method: 'POST' }, { method: 'DELETE' }, { body: 'x' }] as const) {
      expect(await refusal(client.fetchPublic(url, init))).toMatchObject({ code: 'blocked_url' });
    }
    expect(client.blocked).toEqual(Array(3).fill({ reason: 'method', targetName: 'public' }));
    expect(trap.connections).toBe(0);
  });

  it.each(['https://10.0.0.5/', 'https://34.143.76.2/', 'http://pictures.example/', 'https://localhost/', 'data:,x'])(
    'does not take %s',
    async (other) => {
      open([PUBLIC_ADDRESS], { production: false });
      expect(await refusal(client.fetchPublic(other))).toMatchObject({ code: 'blocked_url' });
      expect([trap.connections, client.resolved, client.blocked[0]?.targetName]).toEqual([0, [], 'public']);
    },
  );

  it('does not reach a private address behind a public name', async () => {
    open([PUBLIC_ADDRESS, '169.254.169.254']);
    expect(await refusal(client.fetchPublic(url))).toMatchObject({ code: 'blocked_url' });
    expect(trap.connections).toBe(0);
  });

  it('takes 8 MB and no more, whatever is asked for', async () => {
    open();
    const body = Buffer.alloc(8 * 1024 * 1024 + 1);
    trap.answer = (_, response) => response.end(body);
    const response = await client.fetchPublic(url, { maxBytes: 100_000_000 });
    expect(await refusal(response.text())).toMatchObject({ code: 'server_error' });
  });
});

describe('the guarded client with the sockets and the resolver of the system', () => {
  it('reaches a loopback server that development configured, by address and by name, and no other port', async () => {
    const server = await createScriptedServer();
    const real = createGuardedHttpClient({ production: false });
    const { port } = new URL(server.origin);
    for (const endpoint of [server.origin, `http://localhost:${port}`]) {
      server.reply({ body: 'hello' });
      const own = toGuardTarget({ name: 'ollama', endpoint, allowedCidrs: [], development: true });
      expect(await readText(real.fetchFor(own)(`${endpoint}/api/tags`))).toBe('hello');
      const other = await refusal(real.fetchFor(own)(`${endpoint.replace(/\d+$/, '1')}/api/tags`));
      expect(other.code).toBe('blocked_url');
    }
    expect(server.requests.map(({ headers }) => headers.host)).toEqual([`127.0.0.1:${port}`, `localhost:${port}`]);
    await real.close();
    await server.close();
  });

  it('does not reach it in production, nor as a vendor', async () => {
    const server = await createScriptedServer();
    const real = createGuardedHttpClient({ production: true });
    const own = toGuardTarget({ name: 'ollama', endpoint: server.origin, allowedCidrs: [], development: true });
    expect(await refusal(real.fetchFor(own)(server.origin))).toMatchObject({ code: 'blocked_url' });
    expect(await refusal(real.fetchVendor(server.origin))).toMatchObject({ code: 'blocked_url' });
    expect(server.requests).toEqual([]);
    await real.close();
    await server.close();
  });
});
