import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { http } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { installFrontDoor } from '../../../shared/http/front-door.ts';
import { createHttpFunction, type RequestContext, type RequestOutcome } from '../../../shared/http/http-function.ts';
import { openConnection, parseAnswer, sendRaw } from './raw-connection.ts';

const LIMIT = 64 * 1024;
const outcomes: RequestOutcome[] = [];
let calls = 0;

function echo(context: RequestContext) {
  calls += 1;
  return { json: { received: context.readJson(LIMIT), id: context.params.id ?? null } };
}

describe('the front door before the functions framework', () => {
  let server: Server;
  let plain: Server;
  let port: number;
  let url: string;

  beforeAll(async () => {
    installFrontDoor({ maxBodyBytes: () => LIMIT });
    http(
      'front-door-test',
      createHttpFunction({
        routes: [
          { method: 'POST', path: '/echo', handler: echo },
          { method: 'POST', path: '/items/:id', handler: echo },
          { method: 'GET', path: '/items/:id', handler: ({ params }) => ({ json: { id: params.id } }) },
          {
            method: 'POST',
            path: '/fail',
            handler: () => {
              throw new TypeError('the secret detail');
            },
          },
        ],
        onOutcome: (outcome) => outcomes.push(outcome),
      }),
    );
    server = getTestServer('front-door-test');
    plain = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => response.end(String(Buffer.concat(parts).length)));
    });
    port = await listen(server);
    url = `http://127.0.0.1:${port}`;
  });

  afterAll(async () => {
    await Promise.all([close(server), close(plain)]);
  });

  const post = (path: string, body: string | ReadableStream, headers: Record<string, string> = {}) =>
    fetch(`${url}${path}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
      ...(typeof body === 'string' ? {} : { duplex: 'half' }),
    } as RequestInit);

  it('hands the body to the function, by length or in chunks', async () => {
    const body = JSON.stringify({ text: 'Grüße, 世界 🌍' });
    const whole = await post('/echo', body);
    expect(await whole.json()).toEqual({ received: JSON.parse(body), id: null });
    const chunked = await post('/echo', toStream([body.slice(0, 7), body.slice(7)]));
    expect(await chunked.json()).toEqual({ received: JSON.parse(body), id: null });
  });

  it('answers malformed JSON with an error body and not with a page', async () => {
    const response = await post('/echo', '{"text": ', { 'x-request-id': 'mine-1' });
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('x-request-id')).toBe('mine-1');
    expect(await response.json()).toEqual({
      error: {
        message: 'The body is not valid JSON.',
        type: 'invalid_request_error',
        param: null,
        code: 'invalid_request',
      },
    });
  });

  it('takes a body of exactly the limit', async () => {
    const text = 'x'.repeat(LIMIT - 2);
    const response = await post('/echo', `"${text}"`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ received: text, id: null });
  });

  it('refuses a body whose declared length is above the limit before any of it arrives', async () => {
    const before = calls;
    const connection = await openConnection(port);
    connection.write(
      'POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n' +
        `x-request-id: long-1\r\ncontent-length: ${LIMIT + 1}\r\n\r\n`,
    );
    // Not one byte of the body has been sent.
    const { status, head, body } = parseAnswer(await connection.until('}}'));
    expect(status).toBe(413);
    expect(head).toContain('x-request-id: long-1');
    expect(head).toContain('connection: close');
    expect(JSON.parse(body).error).toMatchObject({ type: 'invalid_request_error', param: null, code: 'too_large' });
    expect(calls).toBe(before);
    connection.socket.destroy();
  });

  it('refuses a chunked body once it is above the limit, while the client still sends', async () => {
    const before = calls;
    const connection = await openConnection(port);
    connection.write(
      'POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n',
    );
    const chunk = 'x'.repeat(0x4000);
    for (let sent = 0; sent <= LIMIT; sent += chunk.length) connection.write(`4000\r\n${chunk}\r\n`);
    const { status } = parseAnswer(await connection.until('too_large'));
    expect(status).toBe(413);
    expect(calls).toBe(before);
    connection.socket.destroy();
  });

  it.each(['by length', 'in chunks'])(
    'lets a client that sends first and reads later see the refusal, %s',
    async (how) => {
      const size = 8 * 1024 * 1024;
      const chunk = 'x'.repeat(0x10000);
      const connection = await openConnection(port);
      const framing = how === 'by length' ? `content-length: ${size}` : 'transfer-encoding: chunked';
      connection.write(`POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${framing}\r\n\r\n`);
      const answer = connection.toEnd();
      connection.socket.pause();
      for (let sent = 0; sent < size; sent += chunk.length) {
        const text = how === 'by length' ? chunk : `10000\r\n${chunk}\r\n`;
        if (!connection.socket.write(text)) await once(connection.socket, 'drain');
      }
      if (how === 'in chunks') connection.write('0\r\n\r\n');
      connection.socket.resume();
      const { status, body } = parseAnswer(await answer);
      expect(status).toBe(413);
      expect(body).toContain('"code":"too_large"');
    },
  );

  it('survives a client that leaves in the middle of its body', async () => {
    const before = calls;
    const connection = await openConnection(port);
    connection.write(
      'POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{',
    );
    const left = once(connection.socket, 'close');
    connection.socket.destroy();
    await left;
    expect((await post('/echo', '1')).status).toBe(200);
    expect(calls).toBe(before + 1);
  });

  it('answers a path that cannot be decoded with an error body', async () => {
    for (const method of ['GET', 'POST']) {
      const { status, head, body } = parseAnswer(
        await sendRaw(
          port,
          `${method} /items/100%zz HTTP/1.1\r\nhost: x\r\nx-request-id: p-1\r\nconnection: close\r\n\r\n`,
        ),
      );
      expect(status).toBe(400);
      expect(head).toContain('content-type: application/json');
      expect(head).toContain('x-request-id: p-1');
      expect(JSON.parse(body).error).toMatchObject({ type: 'invalid_request_error', code: 'invalid_request' });
      expect(body).not.toContain('node_modules');
    }
  });

  it('decodes a path once', async () => {
    const response = await fetch(`${url}/items/${encodeURIComponent('a/b%20c ü')}`);
    expect(await response.json()).toEqual({ id: 'a/b%20c ü' });
  });

  it('leaves the icon and the robots to the framework', async () => {
    for (const path of ['/favicon.ico', '/robots.txt']) {
      const response = await fetch(`${url}${path}`);
      expect(response.status).toBe(404);
      expect(response.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
      await response.arrayBuffer();
    }
  });

  it('names every answer once, by the id the log has', async () => {
    const response = await fetch(`${url}/items/1`);
    await response.arrayBuffer();
    expect(response.headers.get('x-request-id')).toBe(outcomes.at(-1)?.context.requestId);
  });

  it('keeps an exception inside, whatever NODE_ENV is', async () => {
    const response = await post('/fail', '{}');
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(JSON.parse(text).error).toEqual({
      message: 'An internal error occurred.',
      type: 'server_error',
      param: null,
      code: 'server_error',
    });
    expect(text).not.toMatch(/secret detail|TypeError|at /);
    expect(outcomes.at(-1)?.error?.cause).toBeInstanceOf(TypeError);
  });

  it('serves parallel requests of different bodies without mixing them up', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => (await post(`/items/${index}`, `{"n":${index}}`)).json()),
    );
    expect(answers).toEqual(answers.map((_, index) => ({ received: { n: index }, id: String(index) })));
  });

  it('touches no other server of the process', async () => {
    const own = await listen(plain);
    const listeners = plain.listeners('request');
    const response = await fetch(`http://127.0.0.1:${own}/`, { method: 'POST', body: 'x'.repeat(LIMIT * 2) });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(String(LIMIT * 2));
    expect(response.headers.get('x-request-id')).toBeNull();
    expect(plain.listeners('request')).toEqual(listeners);
  });

  it('leaves signals alone when it was not told to take them over', () => {
    const removed = vi.spyOn(process, 'removeAllListeners');
    expect(server.listenerCount('request')).toBe(1);
    expect(removed).not.toHaveBeenCalled();
  });
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  if (server.listening) await new Promise((resolve) => server.close(resolve));
}

function toStream(parts: readonly string[]): ReadableStream {
  return new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(new TextEncoder().encode(part));
      controller.close();
    },
  });
}
