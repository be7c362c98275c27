import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import { fromSdkError, toSdkFetch } from '../../../shared/providers/sdk-fetch.ts';
import { createHttpClient, type HttpClient } from '../../../shared/security/http-fetch.ts';
import { createGate, createScriptedServer, type ScriptedServer } from '../../support/scripted-server.ts';

let server: ScriptedServer;
let client: HttpClient;
let fetch: typeof globalThis.fetch;

beforeAll(async () => {
  server = await createScriptedServer();
  client = createHttpClient();
  fetch = toSdkFetch(client.fetch);
});

afterAll(async () => {
  await client.close();
  await server.close();
});

describe('fetch for vendor SDKs', () => {
  it('sends method, headers and body through our transport', async () => {
    server.reply({ body: { ok: true } });
    const response = await fetch(new URL(`${server.origin}/x`), {
      method: 'post',
      headers: new Headers({ 'x-api-key': 'k' }),
      body: '{"a":1}',
    });
    expect(await response.json()).toEqual({ ok: true });
    expect(server.requests.at(-1)).toMatchObject({ method: 'POST', url: '/x', body: '{"a":1}' });
    expect(server.requests.at(-1)?.headers['x-api-key']).toBe('k');
  });

  it('takes a Request object with its body', async () => {
    server.reply({ body: 'fine' });
    const request = new Request(`${server.origin}/y`, { method: 'POST', headers: { 'x-a': 'b' }, body: 'bytes' });
    expect(await (await fetch(request)).text()).toBe('fine');
    expect(server.requests.at(-1)).toMatchObject({ method: 'POST', url: '/y', body: 'bytes' });
    expect(server.requests.at(-1)?.headers['x-a']).toBe('b');
  });

  it('keeps the status and the headers SDKs and errors are read by', async () => {
    server.reply({ status: 429, headers: { 'retry-after': '3', 'set-cookie': 'a=b' }, body: '{}' });
    const response = await fetch(server.origin);
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('3');
    expect(response.headers.get('set-cookie')).toBeNull();
  });

  it.each([204, 304])('has no body for status %d', async (status) => {
    server.reply({ status });
    const response = await fetch(server.origin);
    expect([response.status, response.body]).toEqual([status, null]);
  });

  it('streams the body and ends the exchange when it is cancelled', async () => {
    const gate = createGate();
    server.reply({ pieces: ['first', gate, 'second'] });
    const reader = (await fetch(server.origin)).body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('first');
    await reader?.cancel();
    await server.requests.at(-1)?.whenAborted;
    gate.open();
  });

  it('refuses bodies it cannot carry instead of sending none', async () => {
    await expect(fetch(server.origin, { method: 'POST', body: new FormData() })).rejects.toMatchObject({
      code: 'unsupported',
    });
  });
});

describe('what an SDK threw', () => {
  it('is our own error when that is the cause', () => {
    const own = new AppError('blocked_url', 'No.');
    expect(fromSdkError('vendor', new Error('Connection error.', { cause: own }))).toBe(own);
  });

  it('is read by its status, body and headers', () => {
    const thrown = Object.assign(new Error('429'), {
      status: 429,
      headers: new Headers({ 'retry-after': '2' }),
      error: { code: 'rate_limit_exceeded' },
    });
    expect(fromSdkError('vendor', thrown)).toMatchObject({ code: 'rate_limit', retryAfterMs: 2_000 });
  });

  it('is a cancellation when the signal is aborted', () => {
    expect(fromSdkError('vendor', new Error('aborted'), AbortSignal.abort()).code).toBe('cancelled');
  });

  it('is an error without its words when it is anything else', () => {
    const error = fromSdkError('vendor', new SyntaxError('Unexpected token in sk-SECRET'));
    expect(error).toMatchObject({ code: 'server_error', message: expect.not.stringContaining('SECRET') });
  });
});
