import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** One request that has arrived whole, and the means to answer it or to misbehave. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
  /** Aborted when the exchange is over, so that nothing goes on being sent to nobody. */
  readonly over: AbortSignal;
  /** Where this server is. */
  readonly origin: string;
}

/** Answers one request, well or badly. What it throws once the exchange is over is of no interest. */
export type Reply = (exchange: Exchange) => void | Promise<void>;

export interface FaultUpstream {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  /** The same port where nobody listens; nobody else can take it while this server is up. */
  readonly refusing: string;
  /** Requests that have arrived whole. */
  readonly requests: number;
  /** Resolves when the request at a position, from 0, has arrived. */
  arrived(position: number): Promise<void>;
  /** Resolves when no exchange is under way: each is finished, or its client has left. */
  idle(): Promise<void>;
  /** Resolves when no socket is open. */
  disconnected(): Promise<void>;
  close(): Promise<void>;
}

/**
 * An HTTP server on the loopback address that answers every request by `reply`.
 * @param mark what the URL or the body of every request meant for it holds. The port may have been another server's a
 * moment ago, and a request that is still looking for that one must not count.
 */
export async function createFaultUpstream(reply: Reply, mark: string): Promise<FaultUpstream> {
  const waiting = new Set<() => void>();
  let requests = 0;
  let underWay = 0;
  let sockets = 0;

  const changed = (): void => {
    for (const check of waiting) check();
  };
  const until = (isTrue: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (!isTrue()) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });

  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const over = new AbortController();
    underWay += 1;
    response.once('close', () => {
      underWay -= 1;
      over.abort();
      changed();
    });
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    if (!request.url?.includes(mark) && !Buffer.concat(parts).includes(mark)) {
      // A cascade asks first whether anybody is there. Somebody is: what fails is the request that follows.
      if (request.method === 'GET') response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      else response.writeHead(421).end();
      return;
    }
    requests += 1;
    changed();
    await reply({ request, response, socket: request.socket, over: over.signal, origin });
  };

  const server = createServer((request, response) => {
    receive(request, response).catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    sockets += 1;
    socket.once('close', () => {
      sockets -= 1;
      changed();
    });
    // Resets are what this server is for.
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;

  return {
    origin,
    refusing: `http://127.0.0.9:${port}`,
    get requests() {
      return requests;
    },
    arrived: (position) => until(() => requests > position),
    idle: () => until(() => underWay === 0),
    disconnected: () => until(() => sockets === 0),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
