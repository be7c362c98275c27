import type { IncomingMessage, ServerResponse } from 'node:http';

/** What a script in a page may read of an answer beside its body. */
const EXPOSED = [
  'x-request-id',
  'x-sluice-provider',
  'x-sluice-model',
  'x-sluice-dropped-params',
  'retry-after',
  'x-should-retry',
  'x-ratelimit-limit-requests',
  'x-ratelimit-remaining-requests',
  'x-ratelimit-reset-requests',
].join(', ');

const METHODS = 'GET, POST, DELETE';
const PREFLIGHT_SECONDS = 7_200;
/** A list of header names, as a browser sends it. */
const HEADER_NAMES = /^[a-z0-9!#$%&'*+.^_`|~-]+(?:\s*,\s*[a-z0-9!#$%&'*+.^_`|~-]+)*$/i;
const LONGEST_LIST = 2_000;

/**
 * Lets pages of the listed origins call us (https://fetch.spec.whatwg.org/#http-cors-protocol). Keys travel in a header
 * that a page must have been given, never in cookies, so credentials are not allowed. An origin that is not listed gets
 * the same answer without the headers, and its browser keeps it from the page.
 *
 * @param origins exact origins, or `*`.
 * @returns true when the request was a preflight and has been answered.
 */
export function applyCors(request: IncomingMessage, response: ServerResponse, origins: readonly string[]): boolean {
  if (origins.length === 0) return false;
  const { origin } = request.headers;
  const isPreflight = request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
  const isAnyone = origins.includes('*');
  // Without it a cache would hand one origin's answer to another.
  if (!isAnyone) response.setHeader('vary', 'Origin');
  const isAllowed = origin !== undefined && (isAnyone || origins.includes(origin));
  if (isAllowed) {
    response.setHeader('access-control-allow-origin', isAnyone ? '*' : origin);
    response.setHeader('access-control-expose-headers', EXPOSED);
  }
  if (!isPreflight) return false;
  if (isAllowed) {
    const wanted = request.headers['access-control-request-headers'] ?? '';
    response.setHeader('access-control-allow-methods', METHODS);
    if (wanted.length <= LONGEST_LIST && HEADER_NAMES.test(wanted)) {
      response.setHeader('access-control-allow-headers', wanted);
    }
    response.setHeader('access-control-max-age', String(PREFLIGHT_SECONDS));
  }
  response.writeHead(204).end();
  return true;
}
