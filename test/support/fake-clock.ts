import { setImmediate } from 'node:timers/promises';

export interface FakeClock {
  readonly now: () => number;
  /** Resolves once `pass` has brought the time, rejects when the signal is aborted. */
  readonly sleep: (delayMs: number, signal: AbortSignal) => Promise<void>;
  /** Lets time go by, waking sleepers in order, and everything that follows from it run. */
  readonly pass: (ms: number) => Promise<void>;
  /** Number of sleepers. */
  readonly sleeping: () => number;
}

/** A clock that moves when it is told to. */
export function createFakeClock(startMs = 0): FakeClock {
  let nowMs = startMs;
  const sleepers = new Set<{ readonly atMs: number; readonly wake: () => void }>();
  return {
    now: () => nowMs,
    sleeping: () => sleepers.size,
    sleep: (delayMs, signal) =>
      new Promise((resolve, reject) => {
        const onAbort = (): void => {
          sleepers.delete(sleeper);
          reject(signal.reason);
        };
        const sleeper = {
          atMs: nowMs + delayMs,
          wake: () => {
            sleepers.delete(sleeper);
            signal.removeEventListener('abort', onAbort);
            resolve();
          },
        };
        if (signal.aborted) {
          reject(signal.reason);
          return;
        }
        sleepers.add(sleeper);
        signal.addEventListener('abort', onAbort, { once: true });
      }),
    async pass(ms) {
      const untilMs = nowMs + ms;
      await setImmediate();
      for (;;) {
        const next = [...sleepers].sort((a, b) => a.atMs - b.atMs)[0];
        if (next === undefined || next.atMs > untilMs) break;
        nowMs = Math.max(nowMs, next.atMs);
        next.wake();
        await setImmediate();
      }
      nowMs = untilMs;
      await setImmediate();
    },
  };
}
