import type { BatchItem, ChatBatch, ChatEvent } from '../contracts/chat-provider.ts';
import { isBrokenConnection } from './broken-connection.ts';
import type { StreamBody } from './stream-body.ts';

/** Cuts a body into the vendor's items: server-sent events, or lines. */
export interface ItemReader<Item> {
  /** All the items that these bytes complete. */
  push(bytes: Uint8Array): readonly Item[];
  /** What is left when the body has ended. */
  end(): readonly Item[];
}

/** One vendor's translation of the items of one answer. */
export interface AnswerReader<Item> {
  /** @throws AppError for an item that is broken, or is an error. */
  push(item: Item): readonly ChatEvent[];
  /** What is due when all items are read. @throws AppError when the vendor's terminal event never came. */
  end(): readonly ChatEvent[];
  /** The vendor's terminal event is there: a connection that breaks now has taken nothing away. */
  readonly complete: boolean;
  /** Nothing that follows belongs to the answer. Absent: only the end of the body tells. */
  readonly done?: boolean;
}

/** What the bytes of one answer become. Both methods add to `into`; what they added before they throw counts. */
export interface AnswerTranslation extends Pick<AnswerReader<unknown>, 'complete' | 'done'> {
  /** @throws AppError for an item that is broken, or is an error. */
  push(bytes: Uint8Array, into: BatchItem[]): void;
  /** The body has ended, or nothing more of it counts. @throws AppError when the vendor's terminal event never came. */
  end(into: BatchItem[]): void;
}

/** Item by item. */
export function translateItems<Item>(items: ItemReader<Item>, answer: AnswerReader<Item>): AnswerTranslation {
  const translate = (read: readonly Item[], into: BatchItem[]): void => {
    for (const item of read) {
      if (answer.done) return;
      into.push(...answer.push(item));
    }
  };
  return {
    get complete() {
      return answer.complete;
    },
    get done() {
      return answer.done === true;
    },
    push: (bytes, into) => translate(items.push(bytes), into),
    end(into) {
      if (!answer.done) translate(items.end(), into);
      into.push(...answer.end());
    },
  };
}

/** How long a body may go on after its last event before the connection is given up instead of kept for the next call. */
const LINGER_MS = 1_000;

/**
 * The events of a streamed answer, one batch per network read. Written as an iterator rather than a generator so that
 * it costs one promise per read, and so that a consumer that leaves before its first read still ends the exchange.
 *
 * Iteration throws AppError when an item is broken or an error, or the end comes before the vendor's own; what arrived
 * in the same read before that is delivered first.
 */
export function readAnswerStream(source: StreamBody, answer: AnswerTranslation): AsyncIterable<ChatBatch> {
  const body = source.chunks()[Symbol.asyncIterator]();
  let isOver = false;
  let failure: { readonly error: unknown } | undefined;

  /** A failure is kept for the next read. */
  const push = (bytes: Uint8Array, into: BatchItem[]): void => {
    try {
      answer.push(bytes, into);
    } catch (error) {
      failure = { error };
    }
  };

  const finish = (into: BatchItem[]): void => {
    isOver = true;
    try {
      answer.end(into);
    } catch (error) {
      failure = { error };
    }
  };

  const leave = async (): Promise<void> => {
    isOver = true;
    await body.return?.();
  };

  const next = async (): Promise<IteratorResult<ChatBatch>> => {
    while (true) {
      if (failure) {
        const { error } = failure;
        failure = undefined;
        await leave();
        throw error;
      }
      if (isOver) return { done: true, value: undefined };
      const batch: BatchItem[] = [];
      let bytes: Uint8Array | undefined;
      try {
        bytes = (await body.next()).value;
      } catch (error) {
        if (!answer.complete || !isBrokenConnection(error)) throw error;
      }
      if (bytes === undefined) finish(batch);
      else push(bytes, batch);
      if (answer.done && !isOver && !failure) {
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
        if (!answer.done) await leave();
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
