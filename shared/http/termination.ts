import type { Server, ServerResponse } from 'node:http';

/** Cloud Run ends the process ten seconds after SIGTERM. */
const DRAIN_MS = 9_000;

export interface InFlightCounter {
  add(response: ServerResponse): void;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

export function createInFlightCounter(): InFlightCounter {
  let count = 0;
  let wake: (() => void) | undefined;
  return {
    add(response) {
      count += 1;
      response.once('close', () => {
        count -= 1;
        if (count === 0) wake?.();
      });
    },
    async idle() {
      if (count > 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

/** The framework leaves the process at once on a signal; its listeners make way for one that lets answers finish. */
export function drainOnTermination(server: Server, inFlight: InFlightCounter, onTerminate: () => Promise<void>): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.removeAllListeners(signal);
    process.once(signal, () => {
      server.close();
      const timeUp = new Promise<void>((resolve) => {
        setTimeout(resolve, DRAIN_MS);
      });
      Promise.race([inFlight.idle(), timeUp])
        .then(onTerminate)
        .catch(() => undefined)
        .finally(() => process.exit(0));
    });
  }
}
