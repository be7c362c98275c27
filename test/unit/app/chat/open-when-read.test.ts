import { describe, expect, it, vi } from 'vitest';
import { openWhenRead } from '../../../../shared/app/chat/open-when-read.ts';

async function* count(to: number, error?: Error): AsyncGenerator<number> {
  for (let number = 1; number <= to; number += 1) yield number;
  if (error) throw error;
}

async function read(stream: AsyncIterable<number>): Promise<number[]> {
  const numbers: number[] = [];
  for await (const number of stream) numbers.push(number);
  return numbers;
}

describe('a stream that is opened when it is read', () => {
  it('is not opened before, and closed once at its end', async () => {
    const open = vi.fn(async () => count(3));
    const close = vi.fn(async () => {});
    const stream = openWhenRead(open, close);
    expect(open).not.toHaveBeenCalled();
    const iterator = stream[Symbol.asyncIterator]();
    expect(await iterator.next()).toEqual({ done: false, value: 1 });
    expect(await read({ [Symbol.asyncIterator]: () => iterator })).toEqual([2, 3]);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    await iterator.return?.();
    expect(open).toHaveBeenCalledTimes(1);
    expect(close.mock.calls).toEqual([[undefined]]);
  });

  it.each([
    ['its source breaks off', async () => count(1, new Error('broken'))],
    ['it cannot be opened', async () => Promise.reject(new Error('broken'))],
  ])('is closed with the error when %s', async (_, open) => {
    const close = vi.fn(async () => {});
    await expect(read(openWhenRead(open, close))).rejects.toThrow('broken');
    expect(close.mock.calls).toEqual([[new Error('broken')]]);
  });

  it('lets its source go, then closes, when its reader leaves', async () => {
    const order: string[] = [];
    async function* source() {
      try {
        yield* count(3);
      } finally {
        order.push('source');
      }
    }
    const stream = openWhenRead(
      async () => source(),
      async () => void order.push('closed'),
    );
    for await (const _ of stream) break;
    expect(order).toEqual(['source', 'closed']);
  });

  it('closes what is still being opened when its reader leaves', async () => {
    const order: string[] = [];
    let opened = (_: AsyncIterable<number>): void => {};
    const opening = new Promise<AsyncIterable<number>>((resolve) => {
      opened = resolve;
    });
    async function* source() {
      try {
        yield* count(3);
      } finally {
        order.push('source');
      }
    }
    const iterator = openWhenRead(
      () => opening,
      async () => void order.push('closed'),
    )[Symbol.asyncIterator]();
    const first = iterator.next();
    const left = iterator.return?.();
    opened(source());
    await left;
    expect(await first).toEqual({ done: false, value: 1 });
    expect(order).toEqual(['source', 'closed']);
  });

  it('is closed before anybody is told of an error in closing', async () => {
    const close = async (): Promise<void> => Promise.reject(new Error('not closed'));
    await expect(read(openWhenRead(async () => count(1), close))).rejects.toThrow('not closed');
  });
});
