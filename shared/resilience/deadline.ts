import { setMaxListeners } from 'node:events';
import { AppError } from '../contracts/app-error.ts';

export interface Deadline {
  /** Aborted by the parent signal, or with AppError `timeout` when the time is up. */
  readonly signal: AbortSignal;
  /** The time no longer counts, the parent still does: a stream that has begun is limited by its silence instead. */
  disarm(): void;
  /** Lets go of the parent signal and the timer. */
  end(): void;
}

/**
 * A signal that follows another and adds a time limit. Built on one listener and one timer, both let go of by `end`:
 * `AbortSignal.any` and `AbortSignal.timeout` keep theirs until they are collected.
 * @param timeoutMs no limit when undefined.
 */
export function createDeadline(parent: AbortSignal, timeoutMs: number | undefined, what: string): Deadline {
  const controller = new AbortController();
  // Many calls of one request may wait under it at once; each lets go of it by itself.
  setMaxListeners(0, controller.signal);
  const follow = (): void => controller.abort(parent.reason);
  if (parent.aborted) follow();
  else parent.addEventListener('abort', follow, { once: true });
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          controller.abort(new AppError('timeout', `${what} took longer than ${timeoutMs} ms.`));
        }, timeoutMs);
  return {
    signal: controller.signal,
    disarm: () => clearTimeout(timer),
    end() {
      clearTimeout(timer);
      parent.removeEventListener('abort', follow);
    },
  };
}
