import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppServer, startAppServer } from '../../support/app-server.ts';
import { openConnection, parseAnswer, sendRaw } from './raw-connection.ts';

const ORIGIN = 'https://app.example.com';
const YAML = `
agents: [{name: default, provider: local, model: extractive}]
auth:
  cors_origins: ["${ORIGIN}"]
  keys: [{name: k, key: a-key-of-the-file-1}]`;

describe('a request that never gets to a function', () => {
  let server: AppServer;
  let port: number;
  beforeAll(async () => {
    server = await startAppServer({ yaml: YAML });
    port = Number(new URL(server.url).port);
  });
  afterAll(() => server.close());

  const ask = async (text: string) => parseAnswer(await sendRaw(port, text));

  it.each([
    ['garbage', 'HELLO?\r\n\r\n', 400],
    ['no host', 'GET /health HTTP/1.1\r\n\r\n', 400],
    ['a header without a name', 'GET /health HTTP/1.1\r\nhost: a\r\n: x\r\n\r\n', 400],
    ['two lengths', 'POST /v1/search HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx', 400],
    [
      'a length and chunks',
      'POST /v1/search HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['headers without end', `GET /health HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
    ['an address without end', `GET /${'y'.repeat(20_000)} HTTP/1.1\r\nhost: a\r\n\r\n`, 431],
    [
      'an expectation nobody knows',
      'POST /v1/search HTTP/1.1\r\nhost: a\r\nexpect: miracles\r\ncontent-length: 0\r\n\r\n',
      417,
    ],
    ['a tunnel', 'CONNECT example.com:443 HTTP/1.1\r\nhost: a\r\n\r\n', 405],
    ['a percent sign that encodes nothing', 'GET /%zz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', 400],
    ['a path of the framework', 'GET /robots.txt HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', 404],
    ['the asterisk', 'OPTIONS * HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', 404],
    ['a trace', 'TRACE /health HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', 405],
  ])('because of %s is answered with the error body', async (_, text, status) => {
    const answer = await ask(text);
    expect(answer.status).toBe(status);
    expect(answer.head).toContain('content-type: application/json; charset=utf-8');
    expect(answer.head).toMatch(/x-request-id: [\w-]{36}/);
    expect(answer.head).toContain('x-content-type-options: nosniff');
    const { error } = JSON.parse(answer.body);
    expect(error).toEqual({
      message: expect.any(String),
      type: 'invalid_request_error',
      param: null,
      code: expect.any(String),
    });
  });

  it.each([
    ['GET', '/v1/documents/x?tenant=a%20b', 'tenant'],
    ['DELETE', '/v1/documents/x?collection=a%20b', 'collection'],
    ['POST', '/v1/documents/x/retry?tenant=', 'tenant'],
    ['POST', '/v1/vector_stores/a%20b/search', 'collection'],
  ])('because of a name in the address, as %s %s, is told which', async (method, path, param) => {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: { authorization: 'Bearer a-key-of-the-file-1', 'content-type': 'application/json' },
      ...(method === 'POST' ? { body: '{"query": "x"}' } : {}),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { param, message: expect.stringContaining(`Invalid ${param}: use 1 to`) },
    });
  });

  it.each([
    [
      'GET',
      '/v1/documents/x?limt=5',
      'limt',
      'Unrecognized query parameter: limt. This route takes collection, tenant.',
    ],
    ['DELETE', '/v1/documents/x?Tenant=t', 'Tenant', 'takes collection, tenant.'],
    ['POST', '/v1/documents/x/retry?colection=c', 'colection', 'takes collection, tenant.'],
    ['POST', '/v1/documents?tenant=t', 'tenant', 'This route takes none: what it takes is in the body.'],
    ['POST', '/v1/search?top_k=5', 'top_k', 'This route takes none: what it takes is in the body.'],
    ['GET', '/v1/usage?day=5', 'day', 'This route takes days, tenant.'],
    ['GET', '/v1/documents/x?__proto__=t', '__proto__', 'takes collection, tenant.'],
    ['GET', '/v1/documents/x?tenant=a&tenant=b', 'tenant', 'The query parameter tenant comes twice.'],
  ])('because of a query parameter, as %s %s, is told which', async (method, path, param, message) => {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: { authorization: 'Bearer a-key-of-the-file-1', 'content-type': 'application/json' },
      ...(method === 'POST' ? { body: '{"query": "x"}' } : {}),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param, message: expect.stringContaining(message) } });
  });

  it('is not because of query parameters that clients of other vendors add', async () => {
    const response = await fetch(`${server.url}/v1/models?api-version=2026-01-01&beta=true`, {
      headers: { authorization: 'Bearer a-key-of-the-file-1' },
    });
    expect(response.status).toBe(200);
  });

  it('leaves the others on other connections alone, and the process alive', async () => {
    const [broken, whole] = await Promise.all([ask('\u0000\u0001'), fetch(`${server.url}/health`)]);
    expect([broken.status, whole.status]).toEqual([400, 200]);
  });

  it('with a broken body is answered too', async () => {
    const answer = await ask(
      'POST /v1/search HTTP/1.1\r\nhost: a\r\nauthorization: Bearer a-key-of-the-file-1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
    );
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body).error.type).toBe('invalid_request_error');
  });
});

describe('the body of a caller who is not let in', () => {
  let server: AppServer;
  let port: number;
  beforeAll(async () => {
    server = await startAppServer({ yaml: YAML });
    port = Number(new URL(server.url).port);
  });
  afterAll(() => server.close());

  it('is not waited for: the refusal comes before the first byte of it', async () => {
    const connection = await openConnection(port);
    connection.write(
      'POST /v1/documents HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 30000000\r\n\r\n',
    );
    const answer = parseAnswer(await connection.until('"code"'));
    expect(answer.status).toBe(401);
    expect(server.logged.at(-1)).toMatchObject({ code: 'authentication', status: 401 });
    connection.socket.destroy();
  });

  it('is not asked for by one who waits to be told', async () => {
    const head = (key: string) =>
      `POST /v1/search HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\n` +
      'expect: 100-continue\r\ncontent-length: 14\r\nconnection: close\r\n\r\n';
    const refused = await openConnection(port);
    refused.write(head('wrong'));
    expect(await refused.until('"code"')).toMatch(/^HTTP\/1.1 401/);
    refused.socket.destroy();
    const welcome = await openConnection(port);
    welcome.write(head('a-key-of-the-file-1'));
    expect(await welcome.until('\r\n\r\n')).toMatch(/^HTTP\/1.1 100 Continue/);
    welcome.write('{"query": "a"}');
    expect(await welcome.until('"list"')).toContain('HTTP/1.1 200');
    welcome.socket.destroy();
  });

  it('is refused in the words of the API that the route speaks', async () => {
    const response = await fetch(`${server.url}/v1/messages`, { method: 'POST', body: '{}' });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ type: 'error', error: { type: 'authentication_error' } });
  });

  it('does not spoil the next request on the same connection', async () => {
    const body = JSON.stringify({ query: 'x'.repeat(10_000) });
    const request = (key: string) =>
      `POST /v1/search HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\n` +
      `content-length: ${body.length}\r\n\r\n${body}`;
    const connection = await openConnection(port);
    connection.write(request('wrong'));
    await connection.until('"code"');
    connection.write(request('a-key-of-the-file-1'));
    expect(await connection.until('"list"')).toContain('HTTP/1.1 200');
    connection.socket.destroy();
  });
});

describe('pages of other origins', () => {
  let server: AppServer;
  beforeAll(async () => {
    server = await startAppServer({ yaml: YAML });
  });
  afterAll(() => server.close());

  const ROUTES = [
    '/v1/chat/completions',
    '/v1/models/x',
    '/v1/documents/a',
    '/v1/usage',
    '/health',
    '/nothing',
    '/%zz',
  ];

  it.each(ROUTES)('that are listed may read every answer of %s, an error included', async (path) => {
    const headers = { origin: ORIGIN };
    const preflight = await fetch(`${server.url}${path}`, {
      method: 'OPTIONS',
      headers: {
        ...headers,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization');
    const answer = await fetch(`${server.url}${path}`, { headers });
    expect(answer.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    expect(answer.headers.get('vary')).toContain('Origin');
    await answer.arrayBuffer();
  });

  it('that are not listed get no header, whatever they ask', async () => {
    for (const method of ['OPTIONS', 'GET']) {
      const answer = await fetch(`${server.url}/v1/models`, {
        method,
        headers: { origin: 'https://evil.example.com', 'access-control-request-method': 'POST' },
      });
      expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
      await answer.arrayBuffer();
    }
  });

  it('can read the limits of their key', async () => {
    const answer = await fetch(`${server.url}/health`, { headers: { origin: ORIGIN } });
    expect(answer.headers.get('access-control-expose-headers')).toContain('x-ratelimit-remaining-requests');
  });
});
