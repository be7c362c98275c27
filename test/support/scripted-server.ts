import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Holds a scripted answer back until the test opens it. */
export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

export function createGate(): Gate {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

export interface ScriptedAnswer {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent at once; an object as JSON, with its content type. */
  readonly body?: string | Uint8Array | Readonly<Record<string, unknown>> | readonly unknown[];
  /** Sent one write after the other, in place of `body`; a gate between two pieces waits for the test. */
  readonly pieces?: readonly (string | Uint8Array | Gate)[];
  /** Waits before anything is sent, the status included. */
  readonly before?: Gate;
  /**
   * What comes after the last piece: `end` closes the answer properly (default), `reset` breaks the connection, `hang`
   * leaves it open and silent. `refuse` breaks the connection before a status and `silence` never sends one.
   */
  readonly finish?: 'end' | 'reset' | 'hang' | 'refuse' | 'silence';
}

export type Script = ScriptedAnswer | ((request: RecordedRequest) => ScriptedAnswer);

export interface RecordedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  json(): unknown;
  /** The client has left before the answer was complete. */
  readonly aborted: boolean;
  /** Resolves when the client leaves before the answer is complete. */
  readonly whenAborted: Promise<void>;
  /** Resolves when the exchange is over, one way or the other. */
  readonly whenClosed: Promise<void>;
}

export interface ScriptedServer {
  /** `http://127.0.0.1:PORT`, any path. */
  readonly origin: string;
  /** In the order of their arrival, whatever their path. */
  readonly requests: readonly RecordedRequest[];
  /** Appends answers, one per request. What is asked beyond the script is answered by `otherwise`. */
  reply(...answers: Script[]): void;
  /** The request at a position, from 0; waits until it has arrived. */
  waitForRequest(position: number): Promise<RecordedRequest>;
  close(): Promise<void>;
}

interface OpenRequest {
  readonly request: RecordedRequest;
  readonly response: ServerResponse;
}

const NOT_SCRIPTED: Script = { status: 501, body: { error: { message: 'nothing is scripted' } } };

/**
 * An HTTP server on 127.0.0.1 whose next answers a test writes down, and which remembers what it was asked.
 * @param otherwise what is answered when nothing is written down. Default: 501.
 */
export async function createScriptedServer(otherwise: Script = NOT_SCRIPTED): Promise<ScriptedServer> {
  const script: Script[] = [];
  const requests: RecordedRequest[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((incoming, response) => {
    receive(incoming, response)
      .then((open) => {
        requests.push(open.request);
        for (const wake of waiting) wake();
        return answer(open, script.shift() ?? otherwise);
      })
      .catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    reply: (...answers) => void script.push(...answers),
    async waitForRequest(position) {
      while (requests[position] === undefined) {
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            waiting.delete(wake);
            resolve();
          };
          waiting.add(wake);
        });
      }
      return requests[position];
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function receive(incoming: IncomingMessage, response: ServerResponse): Promise<OpenRequest> {
  let aborted = false;
  let noteAbort: () => void = () => {};
  const whenAborted = new Promise<void>((resolve) => {
    noteAbort = resolve;
  });
  const whenClosed = new Promise<void>((resolve) => {
    response.on('close', () => {
      aborted = !response.writableFinished;
      if (aborted) noteAbort();
      resolve();
    });
  });
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(part as Buffer);
  const body = Buffer.concat(parts).toString('utf8');
  const request: RecordedRequest = {
    method: incoming.method ?? '',
    url: incoming.url ?? '',
    headers: incoming.headers,
    body,
    json: () => JSON.parse(body) as unknown,
    get aborted() {
      return aborted;
    },
    whenAborted,
    whenClosed,
  };
  return { request, response };
}

async function answer({ request, response }: OpenRequest, script: Script): Promise<void> {
  const scripted = typeof script === 'function' ? script(request) : script;
  const { status = 200, headers = {}, body = '', before, finish = 'end' } = scripted;
  await before?.opened;
  if (finish === 'silence' || response.destroyed) return;
  if (finish === 'refuse') {
    response.socket?.resetAndDestroy();
    return;
  }
  const isText = typeof body === 'string' || body instanceof Uint8Array;
  response.writeHead(status, isText ? headers : { 'content-type': 'application/json', ...headers });
  response.flushHeaders();
  for (const piece of scripted.pieces ?? [isText ? body : JSON.stringify(body)]) {
    if (typeof piece === 'object' && 'opened' in piece) await piece.opened;
    else if (piece.length > 0 && !response.destroyed) response.write(piece);
    await nextTurn();
  }
  if (finish === 'reset') response.socket?.resetAndDestroy();
  else if (finish === 'end') response.end();
}
