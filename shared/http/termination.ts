import type { Server, ServerResponse } from 'node:http';

/** Cloud Run ends the process ten seconds after SIGTERM. */
const DRAIN_MS = 9_000;

export interface InFlight {
  add(response: ServerResponse): void;
  readonly responses: ReadonlySet<ServerResponse>;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

export function createInFlight(): InFlight {
  const responses = new Set<ServerResponse>();
  let wake: (() => void) | undefined;
  return {
    responses,
    add(response) {
      responses.add(response);
      response.once('close', () => {
        responses.delete(response);
        if (responses.size === 0) wake?.();
      });
    },
    async idle() {
      if (responses.size > 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

/** The framework leaves the process at once on a signal; its listeners make way for one that lets answers finish. */
export function drainOnTermination(server: Server, inFlight: InFlight, onTerminate: () => Promise<void>): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.removeAllListeners(signal);
    process.once(signal, () => {
      server.close();
      endConnections(server, inFlight.responses);
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

/** Connections end with the answers that are under way on them, instead of waiting for a next request. */
function endConnections(server: Server, responses: ReadonlySet<ServerResponse>): void {
  for (const response of responses) {
    if (response.headersSent) response.once('close', () => server.closeIdleConnections());
    else response.setHeader('connection', 'close');
  }
}
