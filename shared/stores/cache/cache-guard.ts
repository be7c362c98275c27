export interface CacheGuardOptions {
  /** How long nothing is asked after a fault, in milliseconds. Default 1,000. */
  readonly pauseMs?: number;
  /** Milliseconds of any clock. */
  readonly now?: () => number;
  /** Told of the first fault after things worked; the ones that follow it are not worth a line each. */
  readonly onFault?: (error: unknown) => void;
}

/** Runs an operation of a cache; undefined when it failed, or was not tried because the last one failed just now. */
export type CacheGuard = <T>(operation: () => Promise<T>) => Promise<T | undefined>;

/**
 * Makes faults of a cache's backend into misses. After a fault the backend is left alone for a moment, so that while it
 * hangs requests do not wait for it one by one.
 */
export function createCacheGuard({ pauseMs = 1_000, now = Date.now, onFault }: CacheGuardOptions): CacheGuard {
  let failedAtMs: number | undefined;
  let isBroken = false;

  const isPaused = (): boolean => {
    if (failedAtMs === undefined) return false;
    const elapsedMs = now() - failedAtMs;
    // A clock that was set back must not make the pause last.
    return elapsedMs >= 0 && elapsedMs < pauseMs;
  };

  return async (operation) => {
    if (isPaused()) return undefined;
    try {
      const value = await operation();
      isBroken = false;
      failedAtMs = undefined;
      return value;
    } catch (error) {
      failedAtMs = now();
      if (!isBroken) onFault?.(error);
      isBroken = true;
      return undefined;
    }
  };
}
