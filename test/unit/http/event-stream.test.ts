import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import { writeEventStream } from '../../../shared/http/event-stream.ts';

/** The part of a response that streams use, with a reader that can be made slow. */
class FakeResponse extends EventEmitter {
  written: string[] = [];
  head: { status: number; headers: Record<string, string> } | undefined;
  ended = false;
  destroyed = false;
  writableLength = 0;
  isFull = false;

  destroy(): this {
    this.destroyed = true;
    this.emit('close');
    return this;
  }

  get headersSent(): boolean {
    return this.head !== undefined;
  }

  writeHead(status: number, headers: Record<string, string>): this {
    this.head = { status, headers };
    return this;
  }

  write(text: string): boolean {
    this.written.push(text);
    return !this.isFull;
  }

  end(text?: string): this {
    if (text !== undefined) this.written.push(text);
    this.ended = true;
    return this;
  }
}

/** A source whose pieces the test hands out one by one. */
function createSource() {
  const queue: (string | Error | undefined)[] = [];
  let wake: () => void = () => {};
  let pulls = 0;
  let stopped = false;
  const pieces: AsyncIterable<string> = {
    [Symbol.asyncIterator]: () => ({
      async next() {
        pulls += 1;
        while (queue.length === 0) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        const piece = queue.shift();
        if (piece instanceof Error) throw piece;
        return piece === undefined ? { done: true, value: undefined } : { done: false, value: piece };
      },
      async return() {
        stopped = true;
        return { done: true, value: undefined };
      },
    }),
  };
  return {
    pieces,
    give(...given: (string | Error | undefined)[]): Promise<unknown> {
      queue.push(...given);
      wake();
      return vi.advanceTimersByTimeAsync(0);
    },
    pulls: () => pulls,
    stopped: () => stopped,
  };
}

function start() {
  const response = new FakeResponse();
  const source = createSource();
  const controller = new AbortController();
  const errors: unknown[] = [];
  // As `createHttpFunction` does.
  response.once('close', () => controller.abort(new AppError('cancelled', 'The client went away.')));
  const done = writeEventStream({
    response: response as unknown as ServerResponse,
    pieces: source.pieces,
    headers: () => ({ 'x-sluice-provider': 'openai' }),
    toErrorPiece: (error) => {
      errors.push(error);
      return 'event: error\n\n';
    },
    signal: controller.signal,
  });
  const settled = done.then(
    () => undefined,
    (error: unknown) => error ?? 'rejected',
  );
  return { response, source, controller, errors, done, settled };
}

describe('writing an event stream', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it('sends no head before the first piece', async () => {
    const { response, source, done } = start();
    await vi.advanceTimersByTimeAsync(9_999);
    expect(response.headersSent).toBe(false);
    await source.give('data: 1\n\n');
    expect(response.head).toMatchObject({ status: 200, headers: { 'x-sluice-provider': 'openai' } });
    await source.give(undefined);
    await done;
    expect(response).toMatchObject({ written: ['data: 1\n\n'], ended: true });
  });

  it('sends a comment after ten seconds of silence, and every fifteen seconds after that', async () => {
    const { response, source, done } = start();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(response.head?.status).toBe(200);
    expect(response.written).toEqual([': ping\n\n']);
    await vi.advanceTimersByTimeAsync(14_999);
    expect(response.written).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(response.written).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(45_000);
    expect(response.written).toHaveLength(5);
    await source.give(undefined);
    await done;
  });

  it('counts the silence from the last piece', async () => {
    const { response, source, done } = start();
    for (let second = 0; second < 60; second += 6) {
      await vi.advanceTimersByTimeAsync(6_000);
      await source.give('data: x\n\n');
    }
    expect(response.written.filter((text) => text.startsWith(':'))).toEqual([]);
    await vi.advanceTimersByTimeAsync(10_000);
    await source.give('data: y\n\n');
    await vi.advanceTimersByTimeAsync(14_999);
    expect(response.written.filter((text) => text.startsWith(':'))).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(response.written.filter((text) => text.startsWith(':'))).toHaveLength(2);
    await source.give(undefined);
    await done;
  });

  it('sends no comment to a reader that has not read what there is', async () => {
    const { response, source, done } = start();
    await source.give('data: 1\n\n');
    response.writableLength = 9;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(response.written).toEqual(['data: 1\n\n']);
    response.writableLength = 0;
    await vi.advanceTimersByTimeAsync(15_000);
    expect(response.written).toEqual(['data: 1\n\n', ': ping\n\n']);
    await source.give(undefined);
    await done;
  });

  it('holds the source back while the reader is slow', async () => {
    const { response, source, done } = start();
    response.isFull = true;
    await source.give('data: 1\n\n', 'data: 2\n\n', undefined);
    expect(source.pulls()).toBe(1);
    expect(response.written).toEqual(['data: 1\n\n']);
    response.isFull = false;
    response.emit('drain');
    await done;
    expect(response.written).toEqual(['data: 1\n\n', 'data: 2\n\n']);
    expect(response.listenerCount('drain')).toBe(0);
  });

  it('cuts off a reader that takes nothing for five minutes, and stops its source', async () => {
    const { response, source, settled, errors } = start();
    response.isFull = true;
    response.writableLength = 9;
    await source.give('data: 1\n\n');
    await vi.advanceTimersByTimeAsync(280_000);
    expect(response.destroyed).toBe(false);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(response.destroyed).toBe(true);
    expect(await settled).toBeUndefined();
    expect(source.stopped()).toBe(true);
    expect(errors).toHaveLength(1);
    expect(response.listenerCount('drain')).toBe(0);
  });

  it('waits for a reader that takes something every few minutes', async () => {
    const { response, source, done } = start();
    response.isFull = true;
    for (let time = 0; time < 4; time += 1) {
      await source.give(`data: ${time}\n\n`);
      response.writableLength = 9;
      await vi.advanceTimersByTimeAsync(240_000);
      response.writableLength = 0;
      response.emit('drain');
    }
    await source.give(undefined);
    await done;
    expect(response).toMatchObject({ destroyed: false, ended: true });
  });

  it('throws what the source throws before anything was sent', async () => {
    const { response, source, settled, errors } = start();
    const failure = new AppError('rate_limit', 'Slow down.');
    await source.give(failure);
    expect(await settled).toBe(failure);
    expect(response).toMatchObject({ headersSent: false, ended: false, written: [] });
    expect(errors).toEqual([]);
  });

  it('ends with an error event when the source fails after a heartbeat', async () => {
    const { response, source, settled, errors } = start();
    await vi.advanceTimersByTimeAsync(10_000);
    const failure = new AppError('server_error', 'It broke.');
    await source.give(failure);
    expect(await settled).toBeUndefined();
    expect(response.written).toEqual([': ping\n\n', 'event: error\n\n']);
    expect(response.ended).toBe(true);
    expect(errors).toEqual([failure]);
  });

  it('stops the source when the reader leaves, and tells why', async () => {
    const { response, source, controller, settled, errors } = start();
    await source.give('data: 1\n\n');
    response.destroyed = true;
    const reason = new AppError('cancelled', 'The client went away.');
    controller.abort(reason);
    await source.give('data: 2\n\n');
    expect(await settled).toBeUndefined();
    expect(source.stopped()).toBe(true);
    expect(errors).toEqual([reason]);
    expect(response.ended).toBe(false);
  });

  it('stops waiting for a reader that leaves while it is slow', async () => {
    const { response, source, controller, settled, errors } = start();
    response.isFull = true;
    await source.give('data: 1\n\n');
    response.destroyed = true;
    controller.abort(new AppError('cancelled', 'The client went away.'));
    expect(await settled).toBeUndefined();
    expect(source.stopped()).toBe(true);
    expect(errors).toHaveLength(1);
    expect(response.listenerCount('drain')).toBe(0);
  });

  it('throws the reason when the reader left before anything was sent', async () => {
    const { response, source, controller, settled } = start();
    const reason = new AppError('cancelled', 'The client went away.');
    controller.abort(reason);
    await source.give(undefined);
    expect(await settled).toBe(reason);
    expect(response).toMatchObject({ headersSent: false, ended: false });
  });
});
