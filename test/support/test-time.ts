import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AppOptions } from '../../shared/app/create-app.ts';

/** Time and chance of an app under test: waits are written down and over at once. */
export interface TestTime {
  /** What the app waited, in milliseconds, in the order in which it began to. */
  readonly waits: readonly number[];
  /** Lets time go by. */
  pass(ms: number): void;
  /** The same, up to a moment: an ISO 8601 text. */
  passUntil(moment: string): void;
  readonly options: Required<Pick<AppOptions, 'now' | 'monotonicNow' | 'sleep' | 'random'>>;
}

/**
 * @param options.start the first moment, ISO 8601.
 * @param options.random default 0.5, with which every retry waits exactly its backoff.
 */
export function createTestTime({
  start = '2026-11-22T12:00:00Z',
  random = () => 0.5,
}: {
  readonly start?: string;
  readonly random?: () => number;
} = {}): TestTime {
  const startMs = Date.parse(start);
  const waits: number[] = [];
  let elapsedMs = 0;
  return {
    waits,
    pass(ms) {
      elapsedMs += ms;
    },
    passUntil(moment) {
      elapsedMs = Date.parse(moment) - startMs;
    },
    options: {
      now: () => startMs + elapsedMs,
      monotonicNow: () => elapsedMs,
      async sleep(delayMs, signal) {
        const wakeAtMs = elapsedMs + delayMs;
        waits.push(delayMs);
        // Whoever began this wait may still have something to do before it is over.
        await nextTurn();
        signal.throwIfAborted();
        elapsedMs = Math.max(elapsedMs, wakeAtMs);
      },
      random,
    },
  };
}
