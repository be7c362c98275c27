import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { http } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createHttpFunction } from '../../../shared/http/define-handler.ts';
import { attachFrontDoor } from '../../../shared/http/front-door.ts';
import { openConnection, type RawConnection } from './raw-connection.ts';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

async function* endless(): AsyncGenerator<string> {
  yield 'data: 1\n\n';
  await new Promise(() => {});
}

http(
  'endless',
  createHttpFunction({ routes: [{ method: 'GET', path: '/stream', handler: () => ({ events: endless() }) }] }),
);

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
