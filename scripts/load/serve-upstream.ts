/**
 * Stands in for vendors, in a process of its own, with OpenAI's wire format under `/v1` and Anthropic's beside it. The
 * model's name says how it behaves; see `behave`. Tells its parent the port, and what it has counted when it is asked.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { OPENAI, toEmbeddings, type Wire, wireOf } from './wire.ts';

export interface UpstreamCounts {
  readonly requests: number;
  /** Answers under way. */
  readonly open: number;
  /** Answers whose client left before their end. */
  readonly left: number;
  /** Handed to the sockets of all streams so far, in bytes. */
  readonly sentBytes: number;
}

const CUT_AFTER_MS = 100;

const counts = { requests: 0, open: 0, left: 0, sentBytes: 0 };
/** Streams that wait for the word to go on. */
let held: (() => void)[] = [];

const server = createServer((request, response) => {
  answer(request, response).catch(() => response.destroy());
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => process.send?.(server.address()));

process.on('message', (message) => {
  if (message === 'count') process.send?.(counts satisfies UpstreamCounts);
  if (message === 'release') {
    for (const release of held) release();
    held = [];
    process.send?.('released');
  }
});
process.on('disconnect', () => process.exit(0));

interface Asked {
  readonly model: string;
  readonly stream?: boolean;
  readonly tools?: readonly unknown[];
  readonly messages?: readonly { readonly role: string }[];
  readonly input?: string | readonly string[];
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  counts.requests += 1;
  counts.open += 1;
  response.on('close', () => {
    counts.open -= 1;
    if (!response.writableFinished) counts.left += 1;
  });
  let text = '';
  for await (const part of request.setEncoding('utf8')) text += part;
  const asked = JSON.parse(text) as Asked;
  if (request.url?.endsWith('/embeddings')) {
    sendJson(response, 200, toEmbeddings(asked.input ?? []));
    return;
  }
  await behave(asked, response, wireOf(request.url ?? ''));
}

/**
 * - `held-N`: one piece, then nothing until the word is given, then N more.
 * - `paced-N-MS`: N pieces, one every MS milliseconds; unstreamed after all of that time.
 * - `firehose-MB`: as fast as it is read.
 * - `status-CODE`: that error. `cut`: breaks off in the middle. `silent`: never says anything.
 * - anything else: a few words at once, or a call of the first tool when there are tools and no result yet.
 */
async function behave(asked: Asked, response: ServerResponse, wire: Wire): Promise<void> {
  const [kind = '', first = '', second = ''] = asked.model.split('-');
  if (kind === 'silent') return;
  if (kind === 'status') {
    sendJson(response, Number(first), { error: { message: 'no', type: 'error', code: null, param: null } });
    return;
  }
  const delayMs = kind === 'paced' ? Number(second) : 0;
  const pieces = kind === 'held' ? Number(first) + 1 : kind === 'paced' ? Number(first) : 8;
  if (asked.stream !== true) {
    await pause(delayMs * pieces);
    const wantsTool = asked.tools !== undefined && asked.messages?.at(-1)?.role !== 'tool';
    sendJson(response, 200, wantsTool && wire === OPENAI ? wire.toolCall(asked.model) : wire.whole(asked.model));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(wire.head(asked.model));
  if (kind === 'firehose') await gush(response, wire, Number(first) * 1_048_576);
  else {
    for (let piece = 0; piece < pieces && !response.destroyed; piece += 1) {
      response.write(wire.piece('word '));
      if (kind === 'cut' && piece === 2) {
        // What is still on its way would be lost with the connection.
        await pause(CUT_AFTER_MS);
        response.destroy();
        return;
      }
      if (kind === 'held' && piece === 0) await new Promise<void>((resolve) => held.push(resolve));
      if (delayMs > 0) await pause(delayMs);
    }
  }
  response.end(wire.tail());
}

/** Writes until that much is written, and no faster than it is taken. */
async function gush(response: ServerResponse, wire: Wire, bytes: number): Promise<void> {
  const piece = wire.piece('x'.repeat(4_000));
  for (let sent = 0; sent < bytes && !response.destroyed; sent += piece.length) {
    counts.sentBytes += piece.length;
    if (!response.write(piece)) {
      await new Promise<void>((resolve) => {
        const go = (): void => {
          response.off('drain', go);
          response.off('close', go);
          resolve();
        };
        response.on('drain', go);
        response.on('close', go);
      });
    }
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
