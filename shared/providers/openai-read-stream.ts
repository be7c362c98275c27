import type { AppError } from '../contracts/app-error.ts';
import type { ChatEvent } from '../contracts/chat-provider.ts';
import type { HttpResponse } from '../contracts/http-fetch.ts';
import { isBrokenConnection } from './broken-connection.ts';
import { toErrorInBody } from './error-in-body.ts';
import { createEventReader, type ServerSentEvent } from './event-reader.ts';
import { parseBody } from './openai-json.ts';
import { type AnswerOptions, createChunkNormalizer } from './openai-stream.ts';
import { isFields } from './openai-usage.ts';

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
      for (const { event, data } of read()) {
        if (isDone) return;
        const text = data.trim();
        if (text === '[DONE]') isDone = true;
        else if (text === '') continue;
        else if (event === 'error') throw toNamedError(data);
        else into.push(...normalizer.push(data));
      }
    } catch (error) {
      failure = { error };
    }
  };

  /** An event that its name calls an error; its data need not look like one. */
  const toNamedError = (data: string): AppError => {
    const body = parseBody(data, options.provider);
    return toErrorInBody(options.provider, isFields(body.error) ? body.error : body, data);
  };

  const readBody = async (): Promise<IteratorResult<Uint8Array>> => {
    try {
      return await body.next();
    } catch (error) {
      // The answer was complete; only its [DONE], or the connection's own end, is missing.
      if (normalizer.complete && isBrokenConnection(error)) return { done: true, value: undefined };
      throw error;
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
      const { done, value } = await readBody();
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
