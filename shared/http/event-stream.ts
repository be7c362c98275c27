import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

/** Cloud load balancers and proxies cut connections that stay silent; clients ignore comments. */
const FIRST_HEARTBEAT_MS = 10_000;
const HEARTBEAT_MS = 15_000;
const HEARTBEAT = ': ping\n\n';
/** Heartbeats in a row that a client did not read, five minutes in all, before it is cut off to free its upstream. */
const MAX_MISSED_HEARTBEATS = 20;

export interface EventStreamOptions {
  readonly response: ServerResponse;
  /** Pieces of server-sent events, each written and flushed as it comes. */
  readonly pieces: AsyncIterable<string | Uint8Array>;
  /** Asked once, when the head goes out: by then the first piece has usually decided them. */
  readonly headers: () => Readonly<Record<string, string>>;
  /** The last words for a stream that fails after its head went out. */
  readonly toErrorPiece: (error: unknown) => string;
  readonly signal: AbortSignal;
}

/**
 * Writes a stream of server-sent events. The head waits for the first piece, so that an early failure still becomes an
 * HTTP error, but not longer than the first heartbeat. A slow reader holds the source back; one that takes nothing at
 * all for five minutes is cut off.
 * @throws what the source throws, or the signal's reason, while nothing has been sent.
 */
export async function writeEventStream({
  response,
  pieces,
  headers,
  toErrorPiece,
  signal,
}: EventStreamOptions): Promise<void> {
  const sendHead = (): void => {
    if (response.headersSent) return;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      ...headers(),
    });
  };
  let delayMs = FIRST_HEARTBEAT_MS;
  let missed = 0;
  let heartbeat: NodeJS.Timeout;
  const beat = (): void => {
    sendHead();
    if (response.writableLength === 0) {
      missed = 0;
      response.write(HEARTBEAT);
    } else {
      missed += 1;
      if (missed === MAX_MISSED_HEARTBEATS) {
        response.destroy();
        return;
      }
    }
    delayMs = HEARTBEAT_MS;
    heartbeat = setTimeout(beat, delayMs);
  };
  heartbeat = setTimeout(beat, delayMs);
  try {
    for await (const piece of pieces) {
      sendHead();
      heartbeat.refresh();
      missed = 0;
      if (!response.write(piece)) await once(response, 'drain', { signal });
      signal.throwIfAborted();
    }
    signal.throwIfAborted();
    sendHead();
    response.end();
  } catch (error) {
    if (!response.headersSent) throw error;
    const piece = toErrorPiece(error);
    if (!response.destroyed) response.end(piece);
  } finally {
    clearTimeout(heartbeat);
  }
}
