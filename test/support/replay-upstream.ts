import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Recording } from './recordings.ts';

/** How a body reaches the socket: at once, one byte at a time, or cut inside its characters and at odd sizes. */
export type ReplayMode = 'whole' | 'bytes' | 'cut';

export interface ReplayUpstream {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  /**
   * Serves a recording until it is released.
   * @returns the user message that asks for it, so that many can be under way at once.
   */
  serve(recording: Recording, mode: ReplayMode): { readonly prompt: string; release(): void };
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

/** The one path each API has; a request that goes elsewhere is not answered. */
const PATHS: Readonly<Record<string, { readonly whole: RegExp; readonly stream: RegExp }>> = {
  'chat.completions': { whole: /^\/v1\/chat\/completions$/, stream: /^\/v1\/chat\/completions$/ },
  messages: { whole: /^\/v1\/messages$/, stream: /^\/v1\/messages$/ },
  generateContent: { whole: /:generateContent$/, stream: /:streamGenerateContent\?alt=sse$/ },
  'ollama.chat': { whole: /^\/api\/chat$/, stream: /^\/api\/chat$/ },
};

/** Stands in for every vendor: answers each request with the recording that its user message names. */
export async function createReplayUpstream(): Promise<ReplayUpstream> {
  const served = new Map<string, { recording: Recording; mode: ReplayMode }>();
  let count = 0;
  const server = createServer((request, response) => {
    answerRequest(request, response).catch(() => response.destroy());
  });

  async function answerRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const key = /Replay number (\d+)/.exec(Buffer.concat(parts).toString('utf8'))?.[1];
    const found = key === undefined ? undefined : served.get(key);
    if (!found) throw new Error('The request names no recording.');
    const { recording, mode } = found;
    const path = PATHS[recording.api]?.[recording.response.sse === null ? 'whole' : 'stream'];
    if (request.method !== 'POST' || !path?.test(request.url ?? '')) {
      throw new Error(`${request.method} ${request.url} is not where ${recording.api} is.`);
    }
    await writeAnswer(response, recording.response, mode);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serve(recording, mode) {
      count += 1;
      const key = String(count);
      served.set(key, { recording, mode });
      return { prompt: `Replay number ${key}.`, release: () => served.delete(key) };
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function writeAnswer(to: ServerResponse, recorded: Recording['response'], mode: ReplayMode): Promise<void> {
  to.statusCode = recorded.status;
  to.setHeader('content-type', recorded.sse === null ? 'application/json' : 'text/event-stream');
  for (const [name, value] of Object.entries(recorded.headers)) {
    if (!CONNECTION_HEADERS.has(name.toLowerCase())) to.setHeader(name, value);
  }
  const body = Buffer.from(recorded.sse ?? JSON.stringify(recorded.json));
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
