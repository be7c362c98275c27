import { toAppError } from '../contracts/app-error.ts';

/**
 * The outcome of `operation`, unless the signal is aborted first: then what it was aborted with, as AppError. The
 * operation, which others may be waiting for too, goes on either way.
 */
export async function untilAborted<T>(operation: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await operation;
  return await new Promise<T>((resolve, reject) => {
    const leave = (): void => reject(toAppError(signal.reason, signal));
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    // Listens to the outcome even when nobody waits any more, so that a late failure is never an unhandled one.
    operation.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
