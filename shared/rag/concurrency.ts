import { toAppError } from '../contracts/app-error.ts';

export type Limiter = <T>(operation: () => Promise<T>, signal: AbortSignal, weight?: number) => Promise<T>;

/**
 * Lets operations of a total weight of at most `limit` run at a time, first come first served. An operation weighs 1
 * unless it says otherwise, and never more than `limit`. Whoever waits and is aborted leaves the line.
 */
export function createLimiter(limit: number): Limiter {
  let running = 0;
  const waiting: { readonly weight: number; readonly proceed: () => void }[] = [];

  /** Nobody overtakes: a light one behind a heavy one waits with it. */
  const admit = (): void => {
    for (let next = waiting[0]; next !== undefined && running + next.weight <= limit; next = waiting[0]) {
      waiting.shift();
      running += next.weight;
      next.proceed();
    }
  };

  const enter = (signal: AbortSignal, weight: number): Promise<void> => {
    if (signal.aborted) return Promise.reject(toAppError(signal.reason, signal));
    return new Promise((resolve, reject) => {
      const proceed = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        waiting.splice(waiting.indexOf(place), 1);
        reject(toAppError(signal.reason, signal));
        admit();
      };
      const place = { weight, proceed };
      signal.addEventListener('abort', leave, { once: true });
      waiting.push(place);
      admit();
    });
  };

  return async (operation, signal, weight = 1) => {
    const taken = Math.min(weight, limit);
    await enter(signal, taken);
    try {
      if (signal.aborted) throw toAppError(signal.reason, signal);
      return await operation();
    } finally {
      running -= taken;
      admit();
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
