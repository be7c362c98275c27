import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, isIP, type LookupFunction } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { buildConnector } from 'undici';
import { expect } from 'vitest';
import type { AppError } from '../../shared/contracts/app-error.ts';
import type { HttpResponse } from '../../shared/contracts/http-fetch.ts';
import {
  type BlockedRequest,
  createGuardedHttpClient,
  type GuardedHttpClient,
  type GuardedHttpOptions,
} from '../../shared/security/guarded-http.ts';
import type { MakeConnector, Resolve } from '../../shared/security/pinned-connect.ts';

const CERTIFICATE = readFileSync(new URL('../fixtures/security/tls-certificate.pem', import.meta.url));
const KEY = readFileSync(new URL('../fixtures/security/tls-key.pem', import.meta.url));

export interface TrapRequest {
  readonly scheme: 'http' | 'https';
  readonly host: string | undefined;
  readonly servername: string | undefined;
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Two servers, plain and TLS, that stand for every address there is, and count who comes. */
export interface Trap {
  readonly requests: readonly TrapRequest[];
  /** Sockets opened so far, whether anything was sent on them or not. */
  readonly connections: number;
  /** Default: 200 with the body `reached`. */
  answer: Answer;
  portOf(scheme: string): string;
  close(): Promise<void>;
}

export async function createTrap(): Promise<Trap> {
  const requests: TrapRequest[] = [];
  let connections = 0;
  const listener =
    (scheme: TrapRequest['scheme']) =>
    (request: IncomingMessage, response: ServerResponse): void => {
      const { headers, method, url } = request;
      const servername = (request.socket as TLSSocket).servername || undefined;
      requests.push({ scheme, host: headers.host, servername, method, url, headers });
      trap.answer(request, response);
    };
  const plain = createHttpServer(listener('http'));
  const tls = createHttpsServer({ key: KEY, cert: CERTIFICATE }, listener('https'));
  for (const server of [plain, tls]) {
    server.on('connection', () => {
      connections += 1;
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  const trap: Trap = {
    requests,
    get connections() {
      return connections;
    },
    answer: (_, response) => response.end('reached'),
    portOf: (scheme) => String(((scheme === 'https:' ? tls : plain).address() as AddressInfo).port),
    async close() {
      for (const server of [plain, tls]) {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      }
    },
  };
  return trap;
}

export interface RecordingClient extends GuardedHttpClient {
  /** Names that were resolved, one entry per question. */
  readonly resolved: readonly string[];
  /** Per socket that was about to be opened, the addresses it would go to. */
  readonly dialled: readonly (readonly string[])[];
  readonly blocked: readonly BlockedRequest[];
}

/**
 * The guarded client with name servers and addresses of the test: whatever address a socket is given, it ends at the
 * trap, and what it was given is kept.
 */
export function createRecordingClient({
  trap,
  resolve,
  ...options
}: Omit<GuardedHttpOptions, 'makeConnector' | 'onBlocked'> & { readonly trap: Trap }): RecordingClient {
  const resolved: string[] = [];
  const dialled: (readonly string[])[] = [];
  const blocked: BlockedRequest[] = [];

  const makeConnector: MakeConnector = ({ timeout, lookup: judged }) => {
    const lookup: LookupFunction = (hostname, lookupOptions, callback) => {
      judged(hostname, { ...lookupOptions, all: true }, (error, found) => {
        if (error) return callback(error, '');
        dialled.push((found as { address: string }[]).map(({ address }) => address));
        if (lookupOptions.all) callback(null, [{ address: '127.0.0.1', family: 4 }]);
        else callback(null, '127.0.0.1', 4);
      });
    };
    const open = buildConnector({ timeout, lookup, ca: CERTIFICATE });
    return (place, callback) => {
      const isLiteral = isIP(place.hostname) !== 0;
      if (isLiteral) dialled.push([place.hostname]);
      const hostname = isLiteral ? '127.0.0.1' : place.hostname;
      open({ ...place, hostname, port: trap.portOf(place.protocol) }, callback);
    };
  };

  const client = createGuardedHttpClient({
    ...options,
    makeConnector,
    onBlocked: (request) => blocked.push(request),
    resolve: (hostname) => {
      resolved.push(hostname);
      return resolve === undefined ? Promise.resolve([]) : resolve(hostname);
    },
  });
  return { ...client, resolved, dialled, blocked };
}

export const PUBLIC_ADDRESS = '34.143.76.2';

/** A resolver that knows one answer. */
export function answers(...addresses: string[]): Resolve {
  return () => Promise.resolve(addresses);
}

/** The body, read after which the socket is free for the next request. */
export async function readText(request: Promise<HttpResponse>): Promise<string> {
  const text = await (await request).text();
  await nextTurn();
  return text;
}

/** The error of a request that must not succeed. */
export async function refusal(request: Promise<unknown>): Promise<AppError> {
  return await request.then(
    () => expect.unreachable('The request was let through.'),
    (error) => error as AppError,
  );
}
