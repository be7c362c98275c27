import { randomUUID } from 'node:crypto';
import { type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { HttpError, toErrorAnswer } from './error-response.ts';

/**
 * Answers what Node's parser refuses by itself, before there is a request, with the error body that every other error has.
 * @param underWay the answer that is being written to a socket, if any.
 */
export function answerParserErrors(server: Server, underWay: (socket: Duplex) => ServerResponse | undefined): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable || isUnderWay(underWay(socket))) socket.destroy();
    else refuseRaw(socket, toRefusal(error.code));
  });
  // A proxy is asked for a tunnel; Node would cut the connection without a word.
  server.on('connect', (_request, socket) => {
    refuseRaw(
      socket,
      new HttpError(405, 'invalid_request', 'CONNECT is not served here.', { headers: { allow: 'GET' } }),
    );
  });
}

/** Nothing can be said any more where another answer has begun. */
function isUnderWay(response: ServerResponse | undefined): boolean {
  return response?.headersSent === true && !response.writableEnded;
}

function toRefusal(code: string | undefined): HttpError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new HttpError(431, 'invalid_request', 'The address and the headers of the request are too large.');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new HttpError(413, 'too_large', 'The chunk extensions of the request are too large.');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new HttpError(408, 'timeout', 'The request did not arrive in time.');
    default:
      return new HttpError(400, 'invalid_request', 'This is not a valid HTTP request.');
  }
}

function refuseRaw(socket: Duplex, error: HttpError): void {
  const { status, headers, body } = toErrorAnswer(error);
  const text = JSON.stringify(body);
  const lines = Object.entries({
    ...headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'x-content-type-options': 'nosniff',
    'x-request-id': randomUUID(),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('\r\n')}\r\n\r\n${text}`);
}
