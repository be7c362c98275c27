import diagnostics from 'node:diagnostics_channel';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { AppError, toAppError } from '../contracts/app-error.ts';
import { applyCors } from './cors.ts';
import { toErrorAnswer } from './error-response.ts';
import { type BufferedRequest, readBody } from './request-body.ts';
import { requestIdOf } from './request-id.ts';
import { decodePath } from './router.ts';

/** Node publishes this for every request of every server, before the server's own listeners run. */
const REQUEST_START = 'http.server.request.start';

/** Cloud Run ends the process ten seconds after SIGTERM. */
const DRAIN_MS = 9_000;
const DISCARD_MS = 1_000;

const FRAMEWORK_PATHS: ReadonlySet<string> = new Set(['/favicon.ico', '/robots.txt', '*']);

export interface FrontDoorOptions {
  /** Largest body in bytes that a path takes. */
  readonly maxBodyBytes: (path: string) => number;
  /** Origins whose pages may call: exact ones, or `*`. Default: none. */
  readonly corsOrigins?: readonly string[];
  /**
   * Takes over SIGTERM and SIGINT: no new connections, answers under way finish within the grace time, then this is
   * called and the process ends. Absent: signals stay as they are.
   */
  readonly onTerminate?: () => Promise<void>;
}

/**
 * Stands before the functions framework's own Express application, which would buffer bodies of up to 1 GB, answer
 * malformed JSON with an HTML page and cut every live stream on SIGTERM, and has no hook for any of it. Bodies are read
 * here, with our limit and our errors; what the framework's parsers find is already read, and they pass.
 *
 * The framework gives no access to its server, in the deployed command line least of all, so the server is met where
 * Node announces its first request.
 */
export function installFrontDoor(options: FrontDoorOptions): void {
  const seen = new WeakSet<Server>();
  diagnostics.subscribe(REQUEST_START, (message) => {
    const { server } = message as { server: Server };
    if (seen.has(server)) return;
    seen.add(server);
    attachFrontDoor(server, options);
  });
}

/** The same for a server that is at hand. Servers that are not the framework's are left alone. */
export function attachFrontDoor(server: Server, options: FrontDoorOptions): void {
  const [framework, ...others] = server.listeners('request') as RequestListener[];
  if (!framework || others.length > 0 || !isExpress(framework)) return;
  const inFlight = createInFlightCounter();
  server.removeListener('request', framework);
  server.on('request', (request, response) => {
    inFlight.add(response);
    receive(request, response, framework, options);
  });
  if (options.onTerminate) drainOnTermination(server, inFlight, options.onTerminate);
}

function receive(
  request: IncomingMessage,
  response: ServerResponse,
  framework: RequestListener,
  { maxBodyBytes, corsOrigins = [] }: FrontDoorOptions,
): void {
  response.setHeader('x-request-id', requestIdOf(request));
  if (applyCors(request, response, corsOrigins)) {
    request.resume();
    return;
  }
  const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
  const path = (request.url ?? '').split('?', 1)[0] ?? '';
  try {
    // Express decodes the path before any function sees it, and answers one it cannot decode with a page.
    decodePath(path);
    // The framework answers these by itself, without a body, or with a page.
    if (FRAMEWORK_PATHS.has(path)) throw new AppError('not_found', 'There is nothing here.');
  } catch (error) {
    refuse(request, response, error);
    return;
  }
  if (!hasBody) {
    framework(request, response);
    return;
  }
  readBody(request, maxBodyBytes(path)).then(
    (body) => {
      const buffered = request as BufferedRequest;
      buffered.rawBody = body;
      buffered.body = body;
      framework(request, response);
    },
    (error: unknown) => refuse(request, response, error),
  );
}

function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (response.destroyed) return;
  const { status, headers, body } = toErrorAnswer(toAppError(error));
  const text = JSON.stringify(body);
  response.writeHead(status, {
    ...headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  response.write(text);
  endAfterRequest(request, response);
}

/**
 * The answer is whole by its length, but ending it closes the connection, and a client that is still sending would find
 * it reset and the answer lost: what it sends is thrown away until it has finished, or for a moment.
 */
function endAfterRequest(request: IncomingMessage, response: ServerResponse): void {
  const end = (): void => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, DISCARD_MS);
  request.once('end', end);
  request.once('close', end);
  request.resume();
}

function isExpress(listener: RequestListener): boolean {
  return 'handle' in listener && 'settings' in listener;
}

interface InFlightCounter {
  add(response: ServerResponse): void;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

function createInFlightCounter(): InFlightCounter {
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
function drainOnTermination(server: Server, inFlight: InFlightCounter, onTerminate: () => Promise<void>): void {
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
