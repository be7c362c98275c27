import type { ChatEvent } from '../contracts/chat-provider.ts';
import type { HttpResponse } from '../contracts/http-fetch.ts';
import { createEventReader, type ServerSentEvent } from './event-reader.ts';
import { type AnswerOptions, createChunkNormalizer } from './openai-stream.ts';

type Batch = readonly ChatEvent[];

/** How long a body may go on after its `[DONE]` before the connection is given up instead of kept for the next call. */
const LINGER_MS = 1_000;

/**
 * The events of a streamed answer, one batch per network read. Written as an iterator rather than a generator so that
 * it costs one promise per read, and so that a consumer that leaves before its first read still ends the exchange.
 *
 * Iteration throws AppError when an event is broken or an error, or the end comes before the finish; what arrived in
 * the same read before that is delivered first.
 */
export function readOpenAIStream(response: HttpResponse, options: AnswerOptions): AsyncIterable<Batch> {
  const body = response.chunks()[Symbol.asyncIterator]();
  const reader = createEventReader();
  const normalizer = createChunkNormalizer(options);
  let isDone = false;
  let isOver = false;
  let failure: { readonly error: unknown } | undefined;

  /** Appends what the events become; a failure is kept for the next read. */
  const collect = (into: ChatEvent[], read: () => readonly ServerSentEvent[]): void => {
    try {
      for (const { data } of read()) {
        if (isDone) return;
        if (data === '[DONE]') isDone = true;
        else if (data.trim() !== '') into.push(...normalizer.push(data));
      }
    } catch (error) {
      failure = { error };
    }
  };

  const finish = (into: ChatEvent[]): void => {
    if (!isDone) collect(into, () => reader.end());
    isOver = true;
    if (failure) return;
    try {
      into.push(...normalizer.end());
    } catch (error) {
      failure = { error };
    }
  };

  const leave = async (): Promise<void> => {
    isOver = true;
    await body.return?.();
  };

  const next = async (): Promise<IteratorResult<Batch>> => {
    while (true) {
      if (failure) {
        const { error } = failure;
        failure = undefined;
        await leave();
        throw error;
      }
      if (isOver) return { done: true, value: undefined };
      const batch: ChatEvent[] = [];
      const { done, value } = await body.next();
      if (done) finish(batch);
      else collect(batch, () => reader.push(value));
      if (isDone && !isOver) {
        finish(batch);
        linger(body);
      }
      if (batch.length > 0) return { done: false, value: batch };
    }
  };

  return {
    [Symbol.asyncIterator]: () => ({
      next,
      async return() {
        if (!isDone) await leave();
        return { done: true, value: undefined };
      },
    }),
  };
}

/** Reads a body to its end in the background: a connection is reused only when its answer was read completely. */
function linger(body: AsyncIterator<Uint8Array>): void {
  const stop = (): void => {
    body.return?.().catch(() => {});
  };
  const timer = setTimeout(stop, LINGER_MS);
  timer.unref();
  const drain = async (): Promise<void> => {
    while (!(await body.next()).done) {
      // What follows the vendor's own end is not part of the answer.
    }
  };
  drain()
    .catch(() => {})
    .finally(() => clearTimeout(timer));
}
