import diagnostics from 'node:diagnostics_channel';
import { type IncomingMessage, type RequestListener, Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { AppError, toAppError } from '../contracts/app-error.ts';
import type { BodyRoom } from './body-room.ts';
import { toCallerRequest } from './caller-request.ts';
import { setCommonHeaders } from './common-headers.ts';
import { applyCors } from './cors.ts';
import { HttpError, toErrorAnswer } from './error-response.ts';
import { answerParserErrors } from './parser-errors.ts';
import { type BufferedRequest, readBody } from './request-body.ts';
import { requestIdOf } from './request-id.ts';
import { decodePath } from './router.ts';
import { createInFlight, drainOnTermination } from './termination.ts';

/** Node publishes this for every connection to every server, before anything of it is read. */
const SERVER_SOCKET = 'net.server.socket';

const DISCARD_MS = 1_000;

const FOREIGN_HOST =
  'Without keys this service answers under the names of its own machine alone. Call it as localhost or by its address, ' +
  'add the name of the host header to auth.hosts, or set auth.mode: api_key.';

const FRAMEWORK_PATHS: ReadonlySet<string> = new Set(['/favicon.ico', '/robots.txt', '*']);

export interface FrontDoorOptions {
  /** Largest body in bytes that a path takes. */
  readonly maxBodyBytes: (path: string) => number;
  /** Bounds the bodies of all requests under way together. Default: nothing does. */
  readonly bodyRoom?: BodyRoom;
  /**
   * Asked before a body is read. When it rejects, the body is not read and the function is called without one: it
   * checks the caller as well, and its refusal has the form of its route's API.
   */
  readonly admit?: (request: IncomingMessage, response: ServerResponse) => Promise<unknown>;
  /**
   * Whether the service goes by the name in the `host` header; a request with another one is refused. Default: by any.
   */
  readonly knowsHost?: (header: string | undefined) => boolean;
  /** Origins whose pages may call: exact ones, or `*`. Default: none. */
  readonly corsOrigins?: readonly string[];
  /** Told of each request that is refused here, and so never reaches a function. Must not throw. */
  readonly onRefused?: (refusal: Refusal) => void;
  /**
   * Takes over SIGTERM and SIGINT: no new connections, answers under way finish within the grace time, then this is
   * called and the process ends. Absent: signals stay as they are.
   */
  readonly onTerminate?: () => Promise<void>;
  /**
   * Answers every request, instead of the framework's own chain of Express, five body parsers and a `domain`. That
   * chain costs more per request than all of our own work, and a domain slows down every promise of the process.
   */
  readonly handle?: RequestListener;
}

/** A request that was answered before any function saw it. */
export interface Refusal {
  readonly requestId: string;
  readonly method: string;
  readonly header: (name: string) => string | undefined;
  readonly status: number;
  readonly error: AppError;
}

/**
 * Stands before the functions framework's own Express application, which would buffer bodies of up to 1 GB, answer
 * malformed JSON with an HTML page and cut every live stream on SIGTERM, and has no hook for any of it. Bodies are read
 * here, with our limit and our errors; the framework's parsers skip a body that is already read.
 *
 * The framework's command line, which runs a deployed function, gives no access to its server. So the server is taken
 * from the diagnostics channel on which Node announces each new connection.
 */
export function installFrontDoor(options: FrontDoorOptions): void {
  const seen = new WeakSet<Server>();
  diagnostics.subscribe(SERVER_SOCKET, (message) => {
    const { server } = (message as { socket: { server?: unknown } }).socket;
    if (!(server instanceof Server) || seen.has(server)) return;
    seen.add(server);
    attachFrontDoor(server, options);
  });
}

/** The same for a server that is at hand. Servers that are not the framework's are left alone. */
export function attachFrontDoor(server: Server, options: FrontDoorOptions): void {
  const [framework, ...others] = server.listeners('request') as RequestListener[];
  if (!framework || others.length > 0 || !isExpress(framework)) return;
  const inFlight = createInFlight();
  server.removeListener('request', framework);
  const { handle = framework } = options;
  const answers = new WeakMap<Duplex, ServerResponse>();
  const onRequest = (request: IncomingMessage, response: ServerResponse, sendContinue = () => {}): void => {
    inFlight.add(response);
    // The process is ending: the client must not send its next request on this connection, which is about to be closed.
    if (!server.listening) response.setHeader('connection', 'close');
    answers.set(request.socket, response);
    receive(request, response, { ...options, handle, sendContinue });
  };
  server.on('request', onRequest);
  // A client that sends `expect: 100-continue` is told to send its body only once it is known to be read.
  server.on('checkContinue', (request, response) => onRequest(request, response, () => response.writeContinue()));
  server.on('checkExpectation', (request, response) => {
    setCommonHeaders(response, requestIdOf(request));
    const error = new HttpError(417, 'invalid_request', 'Of `expect`, 100-continue alone is understood.');
    refuse(request, response, error, options);
  });
  // Node would refuse a request without a host by itself, and without a body.
  Object.assign(server, { requireHostHeader: false });
  answerParserErrors(server, (socket) => answers.get(socket));
  if (options.onTerminate) drainOnTermination(server, inFlight, options.onTerminate);
}

interface RequestHandling extends FrontDoorOptions {
  readonly handle: RequestListener;
  /** Tells a client that waits for it to send its body. */
  readonly sendContinue: () => void;
}

function receive(request: IncomingMessage, response: ServerResponse, handling: RequestHandling): void {
  const { handle, corsOrigins = [], knowsHost, admit } = handling;
  setCommonHeaders(response, requestIdOf(request));
  if (knowsHost?.(request.headers.host) === false) {
    refuse(request, response, new AppError('permission', FOREIGN_HOST), handling);
    return;
  }
  if (applyCors(request, response, corsOrigins)) {
    request.resume();
    return;
  }
  const path = (request.url ?? '').split('?', 1)[0] ?? '';
  try {
    if (request.httpVersion === '1.1' && request.headers.host === undefined) {
      throw new AppError('invalid_request', 'The request has no `host` header.');
    }
    // Express decodes the path before any function sees it, and answers one it cannot decode with a page.
    decodePath(path);
    // The framework answers these by itself, without a body, or with a page.
    if (FRAMEWORK_PATHS.has(path)) throw new AppError('not_found', 'There is nothing here.');
  } catch (error) {
    refuse(request, response, error, handling);
    return;
  }
  if (!hasBody(request)) {
    handle(request, response);
  } else if (admit) {
    admit(request, response).then(
      () => receiveBody(request, response, path, handling),
      () => {
        leaveBody(request);
        handle(request, response);
      },
    );
  } else {
    receiveBody(request, response, path, handling);
  }
}

function receiveBody(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  handling: RequestHandling,
): void {
  const { handle, maxBodyBytes, bodyRoom, sendContinue } = handling;
  let isWanted = false;
  const hold = (bytes: number): void => {
    bodyRoom?.hold(response, bytes);
    if (!isWanted) sendContinue();
    isWanted = true;
  };
  readBody(request, maxBodyBytes(path), hold).then(
    (body) => {
      const buffered = request as BufferedRequest;
      buffered.rawBody = body;
      buffered.body = body;
      handle(request, response);
    },
    (error: unknown) => refuse(request, response, error, handling),
  );
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

/** Makes it a request without a body for the function; Node discards what still arrives once it is answered. */
function leaveBody({ headers }: IncomingMessage): void {
  delete headers['content-length'];
  delete headers['transfer-encoding'];
}

function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  thrown: unknown,
  { onRefused }: Pick<FrontDoorOptions, 'onRefused'>,
): void {
  if (response.destroyed) return;
  const error = toAppError(thrown);
  const { status, headers, body } = toErrorAnswer(error);
  onRefused?.({
    requestId: requestIdOf(request),
    method: request.method ?? 'GET',
    header: toCallerRequest(request, response).header,
    status,
    error,
  });
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
