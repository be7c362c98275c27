import type { ServerResponse } from 'node:http';

/**
 * Headers of every answer, which a handler may override: an answer is not to be cached nor its content type guessed.
 */
export function setCommonHeaders(response: ServerResponse, requestId: string): void {
  response.setHeader('x-request-id', requestId);
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('cache-control', 'no-store');
}
