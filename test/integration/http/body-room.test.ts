import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { http } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBodyRoom, defaultRoomBytes } from '../../../shared/http/body-room.ts';
import { attachFrontDoor } from '../../../shared/http/front-door.ts';
import { createHttpFunction } from '../../../shared/http/http-function.ts';
import { openConnection, parseAnswer } from './raw-connection.ts';

const KB = 1024;
const ROOM = 300 * KB;
const NAME = 'body-room-test';

interface Held {
  readonly path: string;
  answer(): void;
}

/** A function that answers when it is told to, behind a front door with room for 300 KB of bodies. */
describe('the room for bodies', () => {
  const held: Held[] = [];
  const sockets: Socket[] = [];
  const refused: string[] = [];
  let wake = (): void => {};
  let server: Server;
  let port: number;

  beforeEach(async () => {
    for (const list of [held, sockets, refused]) list.length = 0;
    const handle = createHttpFunction({
      routes: [
        {
          method: 'POST',
          path: '/hold/:id',
          handler: async ({ readJson, params: { id = '' } }) => {
            const { length } = readJson(1024 * KB) as string;
            await new Promise<void>((answer) => {
              held.push({ path: id, answer });
              wake();
            });
            return { json: { id, length } };
          },
        },
        { method: 'POST', path: '/now', handler: ({ readJson }) => ({ json: (readJson(1024 * KB) as string).length }) },
      ],
    });
    http(NAME, handle);
    server = getTestServer(NAME);
    server.on('connection', (socket) => sockets.push(socket));
    attachFrontDoor(server, {
      maxBodyBytes: () => 1024 * KB,
      bodyRoom: createBodyRoom(ROOM),
      onRefused: ({ error }) => refused.push(error.code),
      handle,
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });

  afterEach(async () => {
    for (const { answer } of held) answer();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const textOf = (bytes: number): string => JSON.stringify('x'.repeat(bytes - 2));

  function post(path: string, bytes: number, init: RequestInit = {}): Promise<Response> {
    const headers = { 'content-type': 'application/json' };
    return fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers, body: textOf(bytes), ...init });
  }

  function postInPieces(path: string, bytes: number): Promise<Response> {
    const body = new ReadableStream({
      start(controller) {
        const text = textOf(bytes);
        for (let at = 0; at < text.length; at += 16 * KB) {
          controller.enqueue(new TextEncoder().encode(text.slice(at, at + 16 * KB)));
        }
        controller.close();
      },
    });
    return post(path, bytes, { body, duplex: 'half' } as RequestInit);
  }

  /** Until so many requests are with the function. */
  async function untilHeld(count: number): Promise<void> {
    while (held.length < count) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }

  it.each([
    ['by length', post],
    ['in chunks', postInPieces],
  ])('refuses a body that does not fit beside those under way, %s, until one is answered', async (_, send) => {
    const first = send('/hold/1', 200 * KB);
    await untilHeld(1);
    const response = await send('/now', 150 * KB);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(response.headers.get('x-should-retry')).toBeNull();
    expect(await response.json()).toEqual({
      error: {
        message: 'Too many large requests are under way. Send this one again in a second.',
        type: 'server_error',
        param: null,
        code: 'overloaded',
      },
    });
    expect(refused).toEqual(['overloaded']);

    held[0]?.answer();
    expect(await (await first).json()).toEqual({ id: '1', length: 200 * KB - 2 });
    const again = await send('/now', 150 * KB);
    expect([again.status, await again.json()]).toEqual([200, 150 * KB - 2]);
  });

  it('takes bodies that fit together', async () => {
    const both = [post('/hold/1', 140 * KB), post('/hold/2', 140 * KB)];
    await untilHeld(2);
    for (const { answer } of held) answer();
    expect((await Promise.all(both)).map(({ status }) => status)).toEqual([200, 200]);
  });

  it.each([
    ['by length', post],
    ['in chunks', postInPieces],
  ])('takes small bodies however full it is, %s', async (_, send) => {
    const large = post('/hold/1', ROOM);
    await untilHeld(1);
    const answers = await Promise.all(Array.from({ length: 20 }, () => send('/now', 64 * KB)));
    expect(answers.map(({ status }) => status)).toEqual(new Array(20).fill(200));
    expect((await send('/now', 64 * KB + 1)).status).toBe(503);
    held[0]?.answer();
    expect((await large).status).toBe(200);
  });

  it.each([
    ['by length', post],
    ['in chunks', postInPieces],
  ])('takes a body that is larger than all the room when it is the only one, %s', async (_, send) => {
    expect((await send('/now', ROOM * 2)).status).toBe(200);
    expect((await send('/now', ROOM * 2)).status).toBe(200);
  });

  it('counts a declared length before any of it has come', async () => {
    const connection = await openConnection(port);
    const head = `host: x\r\ncontent-type: application/json\r\ncontent-length: ${200 * KB}\r\n`;
    connection.write(`POST /hold/1 HTTP/1.1\r\n${head}expect: 100-continue\r\n\r\n`);
    await connection.until('100 Continue');
    const other = await openConnection(port);
    other.write(`POST /hold/2 HTTP/1.1\r\n${head}expect: 100-continue\r\n\r\n`);
    // Who asks first is told so, and not to go on.
    expect(parseAnswer(await other.until('}}')).status).toBe(503);
    other.socket.destroy();
    connection.socket.destroy();
  });

  it('has the room of a client that left back', async () => {
    const connection = await openConnection(port);
    const head = `host: x\r\ncontent-type: application/json\r\ncontent-length: ${250 * KB}\r\n\r\n`;
    connection.write(`POST /hold/1 HTTP/1.1\r\n${head}"half`);
    await untilRefused();
    const gone = once(sockets[0] as Socket, 'close');
    connection.socket.destroy();
    await gone;
    expect((await post('/now', 250 * KB)).status).toBe(200);
  });

  it('has the room of answers back that waited for their turn on a connection that ended', async () => {
    const connection = await openConnection(port);
    for (const id of [1, 2]) {
      const body = textOf(140 * KB);
      connection.write(
        `POST /hold/${id} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
    }
    await untilHeld(2);
    expect((await post('/now', 140 * KB)).status).toBe(503);
    const gone = once(sockets[0] as Socket, 'close');
    connection.socket.destroy();
    await gone;
    expect((await post('/now', ROOM)).status).toBe(200);
    const whole = post('/hold/3', ROOM);
    await untilHeld(3);
    expect((await post('/now', 65 * KB)).status).toBe(503);
    held[2]?.answer();
    expect((await whole).status).toBe(200);
  });

  /** Until the connection that was opened first holds room: what is above the rest is refused. */
  async function untilRefused(): Promise<void> {
    const before = await post('/now', 100 * KB);
    if (before.status !== 503) await untilRefused();
  }
});

describe('how much there is room for', () => {
  it.each([
    ['the limit of the container', 512 * KB * KB, 64 * KB * KB],
    ['the memory of the machine without one', 0, 1024 * KB * KB],
    ['the memory of the machine under a limit that is none', 2 ** 63, 1024 * KB * KB],
  ])('is an eighth of %s', (_, constrained, room) => {
    expect(defaultRoomBytes(constrained, 8192 * KB * KB)).toBe(room);
  });

  it('is never nothing here', () => {
    expect(defaultRoomBytes()).toBeGreaterThan(16 * KB * KB);
  });
});
