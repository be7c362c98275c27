import { toAppError } from '../contracts/app-error.ts';

export type Limiter = <T>(operation: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/** Lets at most `limit` operations run at a time, first come first served. Whoever waits and is aborted leaves the line. */
export function createLimiter(limit: number): Limiter {
  let running = 0;
  const waiting: (() => void)[] = [];

  const enter = (signal: AbortSignal): Promise<void> => {
    if (signal.aborted) return Promise.reject(toAppError(signal.reason, signal));
    if (running < limit) {
      running += 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const proceed = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        waiting.splice(waiting.indexOf(proceed), 1);
        reject(toAppError(signal.reason, signal));
      };
      signal.addEventListener('abort', leave, { once: true });
      waiting.push(proceed);
    });
  };

  /** The place passes straight to the next in line, so that nobody overtakes. */
  const exit = (): void => {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  };

  return async (operation, signal) => {
    await enter(signal);
    try {
      if (signal.aborted) throw toAppError(signal.reason, signal);
      return await operation();
    } finally {
      exit();
    }
  };
}

/**
 * Runs `operation` for every item, at most `limit` at a time; results in the order of the items. The first failure, or
 * the signal, keeps what has not begun from beginning.
 */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  limit: number,
  operation: (item: Item, index: number) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  const entries = items.entries();
  let failed = false;
  const work = async (): Promise<void> => {
    for (const [index, item] of entries) {
      if (failed) return;
      if (signal?.aborted) throw toAppError(signal.reason, signal);
      try {
        results[index] = await operation(item, index);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  return results;
}
