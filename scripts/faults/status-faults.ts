import type { ErrorCode } from '../../shared/contracts/app-error.ts';
import { both, type Fault, fails } from './fault.ts';
import { answerStatus, flood, reset, send, write } from './replies.ts';
import { SECRET_WORDS, toErrorBody } from './vendor-wire.ts';

const STATUSES: readonly (readonly [number, ErrorCode])[] = [
  [400, 'invalid_request'],
  [401, 'authentication'],
  [402, 'quota_exceeded'],
  [403, 'permission'],
  [404, 'model_not_found'],
  [408, 'timeout'],
  [409, 'server_error'],
  [413, 'too_large'],
  [422, 'invalid_request'],
  [500, 'server_error'],
  [503, 'server_error'],
  [504, 'timeout'],
  [529, 'server_error'],
];

const PAGE = `<!doctype html><html><head><title>502</title></head><body>${SECRET_WORDS}</body></html>`;

/** Statuses of errors, and redirects. */
export const STATUS_FAULTS: readonly Fault[] = [
  ...STATUSES.map(([status, code]) =>
    both(String(status), {
      outcome: fails(code),
      reply: answerStatus(status),
    }),
  ),
  limited('429', {}),
  limited('429 with retry-after', { 'retry-after': '7' }, 7),
  limited('429 with retry-after-ms', { 'retry-after-ms': '2500' }, 3),
  both('502 with a page of HTML', {
    outcome: fails('server_error'),
    reply: () => send(502, PAGE, { 'content-type': 'text/html' }),
  }),
  both('400 whose body breaks off', {
    outcome: fails('invalid_request'),
    reply:
      ({ provider }) =>
      async (exchange) => {
        exchange.response.writeHead(400, { 'content-type': 'application/json', 'content-length': '5000' });
        await write(exchange, toErrorBody(provider, 400));
        reset(exchange);
      },
  }),
  both('401 with a body of 20 MB', {
    outcome: fails('authentication'),
    reply: () => async (exchange) => {
      exchange.response.writeHead(401, { 'content-type': 'text/html' });
      await flood(exchange, 20 * 1024 * 1024);
      exchange.response.end();
    },
  }),
  both('429 whose body never ends', {
    outcome: fails('rate_limit', 7),
    reply:
      ({ provider }) =>
      async (exchange) => {
        exchange.response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '7' });
        await write(exchange, toErrorBody(provider, 429));
      },
  }),
  ...[301, 302, 307, 308].map((status) =>
    both(`${status} to another origin`, {
      outcome: fails('server_error'),
      reply: ({ trap }) => send(status, '', { location: trap }),
    }),
  ),
  ...[302, 307].map((status) =>
    both(`${status} to itself`, {
      outcome: fails('server_error'),
      reply: () => (exchange) => send(status, '', { location: `${exchange.origin}${exchange.request.url}` })(exchange),
    }),
  ),
];

function limited(name: string, headers: Readonly<Record<string, string>>, retryAfter?: number): Fault {
  return both(name, {
    outcome: fails('rate_limit', retryAfter),
    reply: answerStatus(429, headers),
  });
}
