import { AppError } from '../contracts/app-error.ts';
import { type BatchItem, type ChatBatch, isTextRun } from '../contracts/chat-provider.ts';

/**
 * Waits for the first real output of a stream and gives back the whole stream, that output included. Until then role
 * chunks and metadata are held, so that an error inside an accepted stream can still become a retry or the next leg;
 * afterwards the stream belongs to the caller.
 *
 * @throws what the stream throws before its first output; AppError `server_error` when it ends without any.
 */
export async function holdUntilOutput(stream: AsyncIterable<ChatBatch>): Promise<AsyncIterable<ChatBatch>> {
  const iterator = stream[Symbol.asyncIterator]();
  const held: BatchItem[] = [];
  while (true) {
    const { done, value } = await iterator.next();
    if (done) throw new AppError('server_error', 'The provider ended its stream without an answer.');
    held.push(...value);
    if (value.some(hasOutput)) return resume(held, iterator);
  }
}

function hasOutput(item: BatchItem): boolean {
  if (isTextRun(item)) return true;
  return item.chunk.choices.some(
    ({ delta, finish_reason }) =>
      Boolean(finish_reason) ||
      Boolean(delta.content) ||
      Boolean(delta.reasoning_content) ||
      Boolean(delta.refusal) ||
      (delta.tool_calls?.length ?? 0) > 0 ||
      Boolean(delta.function_call) ||
      (delta.thinking_blocks?.length ?? 0) > 0 ||
      OTHER_OUTPUT.some((field) => isPresent((delta as Readonly<Record<string, unknown>>)[field])),
  );
}

/** Output that OpenAI's type of a delta has no field for, as vendors send it. */
const OTHER_OUTPUT = ['audio', 'images', 'annotations'] as const;

function isPresent(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null;
}

/** Written out rather than as a generator: one promise per batch, and a stop that reaches the source at once. */
function resume(held: ChatBatch, iterator: AsyncIterator<ChatBatch>): AsyncIterable<ChatBatch> {
  let first: ChatBatch | undefined = held;
  return {
    [Symbol.asyncIterator]: () => ({
      next() {
        if (first === undefined) return iterator.next();
        const value = first;
        first = undefined;
        return Promise.resolve({ done: false, value });
      },
      async return() {
        await iterator.return?.();
        return { done: true, value: undefined };
      },
    }),
  };
}
