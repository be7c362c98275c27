import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { http } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { attachFrontDoor } from '../../../shared/http/front-door.ts';
import { createHttpFunction } from '../../../shared/http/http-function.ts';
import { createGate } from '../../support/scripted-server.ts';
import { openConnection, parseAnswer, type RawConnection } from './raw-connection.ts';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

async function* endless(): AsyncGenerator<string> {
  yield 'data: 1\n\n';
  await new Promise(() => {});
}

/** Answers that the test finishes. */
let gate = createGate();

async function* gated(): AsyncGenerator<string> {
  yield 'data: 1\n\n';
  await gate.opened;
  yield 'data: [DONE]\n\n';
}

http(
  'endless',
  createHttpFunction({
    routes: [
      { method: 'GET', path: '/stream', handler: () => ({ events: endless() }) },
      { method: 'GET', path: '/gated-stream', handler: () => ({ events: gated() }) },
      {
        method: 'GET',
        path: '/gated',
        async handler() {
          arrived.open();
          await gate.opened;
          return { json: { done: true } };
        },
      },
    ],
  }),
);
let arrived = createGate();

describe('the grace time of an answer that does not end', () => {
  const listeners = new Map(SIGNALS.map((signal) => [signal, process.listeners(signal)]));
  let server: Server;
  let stream: RawConnection;
  let exit: ReturnType<typeof vi.spyOn>;
  /** Resolves with the exit code when the process would be gone. */
  let left: Promise<number>;

  beforeEach(() => {
    left = new Promise((resolve) => {
      exit = vi.spyOn(process, 'exit').mockImplementation(((code: number) => resolve(code)) as never);
    });
  });

  afterEach(() => {
    vi.useRealTimers();
    for (const [signal, own] of listeners) {
      process.removeAllListeners(signal);
      for (const listener of own) process.on(signal, listener);
    }
    stream.socket.destroy();
    server.closeAllConnections();
  });

  async function start(onTerminate: () => Promise<void>): Promise<void> {
    server = getTestServer('endless');
    attachFrontDoor(server, { maxBodyBytes: () => 1000, onTerminate });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    stream = await openConnection((server.address() as AddressInfo).port);
    stream.write('GET /stream HTTP/1.1\r\nhost: x\r\n\r\n');
    await stream.until('data: 1');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  }

  it.each(SIGNALS)('is nine seconds after %s, then the process cleans up and leaves', async (signal) => {
    const onTerminate = vi.fn(async () => {});
    await start(onTerminate);
    process.emit(signal);
    expect(server.listening).toBe(false);
    await vi.advanceTimersByTimeAsync(8_999);
    expect(onTerminate).not.toHaveBeenCalled();
    expect(exit).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(onTerminate).toHaveBeenCalledOnce();
    expect(exit).toHaveBeenCalledExactlyOnceWith(0);
  });

  it('ends each connection with the answer under way on it, while others go on', async () => {
    [gate, arrived] = [createGate(), createGate()];
    await start(async () => {});
    const { port } = server.address() as AddressInfo;
    const [whole, other] = [await openConnection(port), await openConnection(port)];
    whole.write('GET /gated HTTP/1.1\r\nhost: x\r\n\r\n');
    other.write('GET /gated-stream HTTP/1.1\r\nhost: x\r\n\r\n');
    await Promise.all([arrived.opened, other.until('data: 1')]);
    process.emit('SIGTERM');
    gate.open();
    const answer = parseAnswer(await whole.toEnd());
    expect(answer).toMatchObject({ status: 200, body: '{"done":true}' });
    expect(answer.head).toContain('connection: close');
    expect(await other.toEnd()).toContain('data: [DONE]');
    // The endless one still runs, and the clock stands still.
    expect(exit).not.toHaveBeenCalled();
    stream.socket.destroy();
    expect(await left).toBe(0);
  });

  it('ends when the answer does', async () => {
    const onTerminate = vi.fn(async () => {});
    await start(onTerminate);
    process.emit('SIGTERM');
    stream.socket.destroy();
    // The clock stands still: only the end of the answer can be the reason.
    expect(await left).toBe(0);
    expect(onTerminate).toHaveBeenCalledOnce();
  });

  it('is not followed by a crash when cleaning up fails', async () => {
    await start(() => Promise.reject(new Error('the store is gone')));
    process.emit('SIGTERM');
    await vi.advanceTimersByTimeAsync(9_000);
    expect(exit).toHaveBeenCalledExactlyOnceWith(0);
  });
});
