/**
 * A stream that is opened by its first read and closed once, however it ends: at its end, by an error, which `close` is
 * told of, or by a reader that leaves. Written out rather than as a generator that yields another one, which would cost
 * several promises for each of its pieces.
 */
export function openWhenRead<T>(
  open: () => Promise<AsyncIterable<T>>,
  close: (error?: unknown) => Promise<void>,
): AsyncIterable<T> {
  let source: AsyncIterator<T> | undefined;
  let beginning: Promise<unknown> | undefined;
  let isClosed = false;

  const end = async (error?: unknown): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    await close(error);
  };
  const fail = async (error: unknown): Promise<never> => {
    await end(error);
    throw error;
  };
  const pass = (result: IteratorResult<T>): IteratorResult<T> | Promise<IteratorResult<T>> =>
    result.done ? end().then(() => result) : result;
  const begin = async (): Promise<IteratorResult<T>> => {
    source = (await open())[Symbol.asyncIterator]();
    return await source.next();
  };

  return {
    [Symbol.asyncIterator]: () => ({
      next() {
        if (isClosed) return Promise.resolve({ done: true, value: undefined });
        if (source) return source.next().then(pass, fail);
        const first = begin();
        beginning = first.catch(() => {});
        return first.then(pass, fail);
      },
      async return() {
        try {
          // What is being opened can only be closed once it is there.
          await beginning;
          await source?.return?.();
        } finally {
          await end();
        }
        return { done: true, value: undefined };
      },
    }),
  };
}
