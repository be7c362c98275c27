import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Recording } from './recordings.ts';

/** How a body reaches the socket: at once, one byte at a time, or cut inside its characters and at odd sizes. */
export type ReplayMode = 'whole' | 'bytes' | 'cut';

export interface ReplayServer {
  /** `http://127.0.0.1:PORT`; any path under it answers with what is served. */
  readonly origin: string;
  serve(response: Recording['response'], mode: ReplayMode): void;
  close(): Promise<void>;
}

/** Headers that described the recorded connection and would be wrong on this one. */
const CONNECTION_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'keep-alive',
  'transfer-encoding',
]);

const PIECE_SIZES = [1, 7, 64, 3, 251, 19, 2, 1021, 5, 127];

/** A server that answers every request with one recorded answer. It does not keep the process alive. */
export async function createReplayServer(): Promise<ReplayServer> {
  let current: { response: Recording['response']; mode: ReplayMode } | undefined;
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      if (!current) response.writeHead(500).end();
      else answer(response, current.response, current.mode).catch(() => response.destroy());
    });
  });
  server.unref();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serve(response, mode) {
      current = { response, mode };
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(to: ServerResponse, recorded: Recording['response'], mode: ReplayMode): Promise<void> {
  const isStream = recorded.sse !== null;
  to.statusCode = recorded.status;
  to.setHeader('content-type', isStream ? 'text/event-stream' : 'application/json');
  for (const [name, value] of Object.entries(recorded.headers)) {
    if (!CONNECTION_HEADERS.has(name.toLowerCase())) to.setHeader(name, value);
  }
  const body = Buffer.from(recorded.sse ?? (recorded.json === null ? '' : JSON.stringify(recorded.json)));
  for (const piece of toPieces(body, mode)) {
    if (to.destroyed) return;
    to.write(piece);
    await nextTurn();
  }
  to.end();
}

/** The body in the pieces of a mode; concatenated they are the body. */
function toPieces(body: Buffer, mode: ReplayMode): Buffer[] {
  if (mode === 'whole') return body.length === 0 ? [] : [body];
  const pieces: Buffer[] = [];
  let from = 0;
  for (let at = 1; at <= body.length; at += 1) {
    // A byte 10xxxxxx continues a character, so the cut before it is inside one.
    const insideCharacter = ((body[at] ?? 0) & 0xc0) === 0x80;
    const size = mode === 'bytes' ? 1 : (PIECE_SIZES[pieces.length % PIECE_SIZES.length] as number);
    if (at < body.length && at - from < size && !insideCharacter) continue;
    pieces.push(body.subarray(from, at));
    from = at;
  }
  return pieces;
}
