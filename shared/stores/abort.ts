import { AppError, toAppError } from '../contracts/app-error.ts';

/** Throws what the signal was aborted with, as AppError (`cancelled` unless it says otherwise). */
export function refuseAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw toAppError(signal.reason, signal);
}

export interface WaitLimits {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number;
}

/**
 * Waits for an operation that cannot be aborted itself, until it settles, the signal aborts (`cancelled`) or the time is
 * up (`timeout`). The operation goes on in the background in the latter two cases, and its outcome is ignored.
 */
export async function waitFor<T>(operation: () => Promise<T>, { signal, timeoutMs }: WaitLimits): Promise<T> {
  refuseAborted(signal);
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => finish(() => reject(toAppError(signal?.reason, signal)));
    const timer = setTimeout(
      () => finish(() => reject(new AppError('timeout', `The store did not answer within ${timeoutMs} ms.`))),
      timeoutMs,
    );
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      settle();
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    operation().then(
      (value) => finish(() => resolve(value)),
      (error: unknown) => finish(() => reject(error)),
    );
  });
}
