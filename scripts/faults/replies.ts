import { setTimeout as pause } from 'node:timers/promises';
import type { FaultContext } from './fault.ts';
import type { Exchange, Reply } from './fault-upstream.ts';
import { toErrorBody } from './vendor-wire.ts';

type Headers = Readonly<Record<string, string>>;

const JSON_TYPE = 'application/json';

/** An answer in one piece with its length. */
export function send(status: number, body: string | Uint8Array, headers: Headers = {}): Reply {
  return ({ response }) => {
    response.writeHead(status, { 'content-type': JSON_TYPE, 'content-length': Buffer.byteLength(body), ...headers });
    response.end(body);
  };
}

/** A right answer, at once. */
export function answerRightly(context: FaultContext, headers: Headers = {}): Reply {
  const type = context.streamed ? context.parts.streamType : JSON_TYPE;
  return send(200, whole(context), { 'content-type': type, ...headers });
}

/** The vendor's error of this status. */
export function answerStatus(status: number, headers: Headers = {}): (context: FaultContext) => Reply {
  return ({ provider }) => send(status, toErrorBody(provider, status), headers);
}

/** The head of an answer in the form that was asked for. It leaves with the first text, in one packet. */
export function begin({ response }: Exchange, { streamed, parts }: FaultContext, headers: Headers = {}): void {
  response.writeHead(200, { 'content-type': streamed ? parts.streamType : JSON_TYPE, ...headers });
}

/** Resolves when the kernel has the text, and the head if that was still due. */
export function write({ response }: Exchange, data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    if (data.length > 0) {
      response.write(data, (error) => (error ? reject(error) : resolve()));
      return;
    }
    response.flushHeaders();
    resolve();
  });
}

/** As much of a right answer as leaves it unfinished: the events with the first text, or half of the whole. */
export function beginning({ streamed, parts }: FaultContext): string {
  return streamed ? parts.head + parts.first : parts.whole.slice(0, parts.whole.length / 2);
}

export function whole({ streamed, parts }: FaultContext): string {
  return streamed ? parts.head + parts.first + parts.rest.join('') : parts.whole;
}

/** Breaks the connection, so that the other side reads an error and no end. */
export function reset({ socket }: Exchange): void {
  socket.resetAndDestroy();
}

/** Closes the connection in order, whatever was promised on it. */
export function hangUp({ socket }: Exchange): void {
  socket.end();
}

/** Sends a piece again and again until the other side has had enough. */
export async function repeat(exchange: Exchange, piece: string | Uint8Array, everyMs: number): Promise<void> {
  while (!exchange.over.aborted) {
    await write(exchange, piece);
    await pause(everyMs, undefined, { signal: exchange.over });
  }
}

/** Sends a text in a number of pieces with a pause before each but the first. */
export async function drip(
  exchange: Exchange,
  text: string,
  { pieces, pauseMs }: { readonly pieces: number; readonly pauseMs: number },
): Promise<void> {
  const bytes = Buffer.from(text);
  const size = Math.ceil(bytes.length / pieces);
  for (let at = 0; at < bytes.length; at += size) {
    if (at > 0) await pause(pauseMs, undefined, { signal: exchange.over });
    await write(exchange, bytes.subarray(at, at + size));
  }
}

const BLOCK = Buffer.alloc(64 * 1024, 'x');

/** Sends this many bytes as fast as they are read. */
export async function flood(exchange: Exchange, bytes: number): Promise<void> {
  const left = gone(exchange);
  for (let sent = 0; sent < bytes && !exchange.over.aborted; sent += BLOCK.length) {
    await Promise.race([write(exchange, BLOCK), left]);
  }
}

function gone({ over }: Exchange): Promise<void> {
  return new Promise((resolve) => {
    if (over.aborted) resolve();
    else over.addEventListener('abort', () => resolve(), { once: true });
  });
}
