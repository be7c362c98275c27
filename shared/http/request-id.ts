import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/**
 * The id of a request: what the caller sent in `x-request-id`, if it is safe to log, else a new one. A new one is kept
 * among the request's headers, so that whoever asks later is told the same.
 */
export function requestIdOf(request: IncomingMessage): string {
  const sent = request.headers['x-request-id'];
  if (typeof sent === 'string' && /^[\w.:-]{1,128}$/.test(sent)) return sent;
  const id = randomUUID();
  request.headers['x-request-id'] = id;
  return id;
}
