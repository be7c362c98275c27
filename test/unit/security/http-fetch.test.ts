import { EventEmitter } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import { createHttpClient, type HttpClient } from '../../../shared/security/http-fetch.ts';
import { createGate, createScriptedServer, type ScriptedServer } from '../../support/scripted-server.ts';

let server: ScriptedServer;
let client: HttpClient;

beforeAll(async () => {
  server = await createScriptedServer();
  client = createHttpClient();
});

afterAll(async () => {
  await client.close();
  await server.close();
});

describe('http fetch', () => {
  it('sends method, path, query, headers and body', async () => {
    server.reply({ status: 201, headers: { 'x-one': '1' }, body: 'done' });
    const response = await client.fetch(`${server.origin}/a/b?c=d`, {
      method: 'PUT',
      headers: { 'x-two': '2' },
      body: 'é',
    });
    expect([response.status, response.ok, response.headers.get('X-One')]).toEqual([201, true, '1']);
    expect(await response.text()).toBe('done');
    expect(server.requests.at(-1)).toMatchObject({ method: 'PUT', url: '/a/b?c=d', body: 'é' });
    expect(server.requests.at(-1)?.headers).toMatchObject({ 'x-two': '2', 'content-length': '2' });
  });

  it('asks for nothing compressed, because it decompresses nothing', async () => {
    server.reply({ body: '' });
    await (await client.fetch(server.origin)).text();
    expect(server.requests.at(-1)?.headers['accept-encoding']).toBe('identity');
  });

  it('returns redirects and errors as they are', async () => {
    server.reply({ status: 302, headers: { location: '/x' } }, { status: 404, body: 'gone' });
    const redirect = await client.fetch(server.origin);
    expect([redirect.status, redirect.ok]).toEqual([302, false]);
    await redirect.text();
    expect(await (await client.fetch(server.origin)).text()).toBe('gone');
  });

  it('gives the chunks as they arrive', async () => {
    const gate = createGate();
    server.reply({ pieces: ['one', gate, 'two'] });
    const chunks = (await client.fetch(server.origin)).chunks()[Symbol.asyncIterator]();
    expect(Buffer.from((await chunks.next()).value).toString()).toBe('one');
    gate.open();
    expect(Buffer.from((await chunks.next()).value).toString()).toBe('two');
    expect((await chunks.next()).done).toBe(true);
  });

  it('reads a body much larger than its buffer without losing a byte', async () => {
    const piece = 'x'.repeat(500_000);
    server.reply({ pieces: Array.from({ length: 8 }, () => piece) });
    expect((await (await client.fetch(server.origin)).text()).length).toBe(4_000_000);
  });

  it('gives a body above its limit up', async () => {
    server.reply({ body: 'x'.repeat(100) });
    const response = await client.fetch(server.origin, { maxBytes: 99 });
    await expect(response.text()).rejects.toMatchObject({ code: 'server_error', retryable: false });
  });

  it('takes a body exactly as large as its limit', async () => {
    server.reply({ body: 'x'.repeat(99) });
    expect(await (await client.fetch(server.origin, { maxBytes: 99 })).text()).toHaveLength(99);
  });

  it('ends the exchange when the reader stops early', async () => {
    server.reply({ pieces: ['one'], finish: 'hang' });
    for await (const _ of (await client.fetch(server.origin)).chunks()) break;
    await server.requests.at(-1)?.whenAborted;
  });

  it.each(['silence', 'hang'] as const)('ends the exchange when the signal says so (%s)', async (finish) => {
    const controller = new AbortController();
    server.reply({ pieces: ['one'], finish });
    const arriving = server.waitForRequest(server.requests.length);
    const text = client.fetch(server.origin, { signal: controller.signal }).then((response) => response.text());
    const refused = expect(text).rejects.toMatchObject({ code: 'cancelled' });
    const request = await arriving;
    controller.abort();
    await refused;
    await request.whenAborted;
  });

  it('fails with the AppError the signal was aborted with', async () => {
    const reason = new AppError('timeout', 'Too late.');
    await expect(client.fetch(server.origin, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('leaves no listener on the signal of a finished exchange', async () => {
    const controller = new AbortController();
    server.reply({ body: 'a' });
    await (await client.fetch(server.origin, { signal: controller.signal })).text();
    expect(EventEmitter.getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  it('gives up on headers that do not come in time', async () => {
    server.reply({ finish: 'silence' });
    await expect(client.fetch(server.origin, { headersTimeoutMs: 30 })).rejects.toMatchObject({ code: 'timeout' });
  });

  it('gives up on a body that falls silent', async () => {
    server.reply({ pieces: ['one'], finish: 'hang' });
    const response = await client.fetch(server.origin, { idleTimeoutMs: 30 });
    await expect(response.text()).rejects.toMatchObject({ code: 'timeout' });
  });

  it('does not blame the upstream for a slow reader, and counts its silence from the read', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    // Status and first bytes in one write: when the response is there, so are they.
    const raw = await listen((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\none'));
    const response = await client.fetch(raw.origin, { idleTimeoutMs: 1_000 });
    const chunks = response.chunks()[Symbol.asyncIterator]();
    vi.advanceTimersByTime(3_500);
    expect(Buffer.from((await chunks.next()).value).toString()).toBe('one');
    vi.advanceTimersByTime(900);
    raw.sockets[0]?.write('two');
    expect(Buffer.from((await chunks.next()).value).toString()).toBe('two');
    vi.useRealTimers();
    raw.server.close();
  });

  it.each([
    ['not a URL', 'nowhere', {}],
    ['another scheme', 'ftp://127.0.0.1/x', {}],
    ['a key with a line break', 'http://127.0.0.1:9/', { headers: { authorization: 'Bearer sk-a\nb' } }],
  ])('calls %s a mistake of the configuration', async (_, url, init) => {
    await expect(client.fetch(url, init)).rejects.toMatchObject({
      name: 'AppError',
      code: 'configuration',
      message: expect.not.stringContaining('sk-a'),
    });
  });

  it.each([
    ['refused', 'refuse'],
    ['broken in the middle of the body', 'reset'],
  ] as const)('calls a connection that is %s a network error', async (_, finish) => {
    server.reply({ pieces: ['one'], finish });
    const text = client.fetch(server.origin).then((response) => response.text());
    await expect(text).rejects.toMatchObject({ code: 'network', retryable: true });
  });

  it('calls an answer that is not HTTP a network error', async () => {
    const raw = await listen((socket) => socket.end('SSH-2.0-OpenSSH\r\n'));
    await expect(client.fetch(raw.origin)).rejects.toMatchObject({ code: 'network' });
    raw.server.close();
  });

  it('calls a body shorter than its content-length a network error', async () => {
    const raw = await listen((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc'));
    const text = client.fetch(raw.origin).then((response) => response.text());
    await expect(text).rejects.toMatchObject({ code: 'network' });
    raw.server.close();
  });

  it('ignores the proxies of the environment', async () => {
    process.env.http_proxy = 'http://127.0.0.1:1';
    try {
      server.reply({ body: 'direct' });
      const own = createHttpClient();
      expect(await (await own.fetch(server.origin)).text()).toBe('direct');
      await own.close();
    } finally {
      delete process.env.http_proxy;
    }
  });
});

interface RawServer {
  readonly server: Server;
  readonly origin: string;
  readonly sockets: Socket[];
}

/** A server below HTTP: what it writes once it was asked is up to the test. */
async function listen(onRequest: (socket: Socket) => void): Promise<RawServer> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.once('data', () => onRequest(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, sockets, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
