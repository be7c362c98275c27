import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import type { HttpResponse } from '../../../shared/contracts/http-fetch.ts';
import { readErrorText } from '../../../shared/resilience/upstream-error-text.ts';

type Step = string | Error | 'silence';

interface Body {
  readonly response: HttpResponse;
  readonly reads: () => number;
  readonly isLeft: () => boolean;
}

/** A body that gives these pieces one by one; `silence` stays pending until the reader leaves. */
function toBody(steps: readonly Step[]): Body {
  let reads = 0;
  let left = false;
  let wake: (error: Error) => void = () => {};
  const chunks = (): AsyncIterable<Uint8Array> => ({
    [Symbol.asyncIterator]: () => ({
      async next() {
        const step = steps[reads];
        reads += 1;
        if (step instanceof Error) throw step;
        if (step === undefined) return { done: true, value: undefined };
        if (step !== 'silence') return { done: false, value: Buffer.from(step) };
        return await new Promise<never>((_, reject) => {
          wake = reject;
        });
      },
      async return() {
        left = true;
        wake(new AppError('cancelled', 'The answer is no longer wanted.'));
        return { done: true, value: undefined };
      },
    }),
  });
  const response = { status: 503, ok: false, headers: { get: () => null }, chunks, text: async () => '' };
  return { response, reads: () => reads, isLeft: () => left };
}

const { signal } = new AbortController();

describe('the body of an error', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it('is put together from its pieces, characters that were cut included', async () => {
    const bytes = Buffer.from('{"error": "Grüße"}');
    const { response, isLeft } = toBody([]);
    const pieces = [bytes.subarray(0, 13), bytes.subarray(13)];
    const cut = {
      ...response,
      chunks: async function* () {
        yield* pieces;
      },
    };
    expect(await readErrorText(cut, signal)).toBe('{"error": "Grüße"}');
    expect(isLeft()).toBe(false);
  });

  it('is what came of it when it breaks off', async () => {
    const { response } = toBody(['{"error": ', new AppError('network', 'The connection broke.')]);
    expect(await readErrorText(response, signal)).toBe('{"error": ');
  });

  it('is not waited for when it never ends', async () => {
    const { response, isLeft } = toBody(['{}', 'silence']);
    const text = readErrorText(response, signal);
    await vi.advanceTimersByTimeAsync(1_999);
    expect(isLeft()).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await text).toBe('{}');
    expect(isLeft()).toBe(true);
  });

  it('is left when it is too large', async () => {
    const { response, reads, isLeft } = toBody(Array.from({ length: 100 }, () => 'x'.repeat(64 * 1024)));
    expect((await readErrorText(response, signal)).length).toBe(5 * 64 * 1024);
    expect(reads()).toBe(5);
    expect(isLeft()).toBe(true);
  });

  it('matters no more when the caller has left', async () => {
    const client = new AbortController();
    const cancelled = new AppError('cancelled', 'The client went away.');
    const { response } = toBody(['{}', cancelled]);
    client.abort(cancelled);
    await expect(readErrorText(response, client.signal)).rejects.toBe(cancelled);
  });
});
