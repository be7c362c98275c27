import type { ServerResponse } from 'node:http';

/**
 * What every answer carries, unless it says otherwise itself: answers are made for one caller, and are what their type
 * says.
 */
export function setCommonHeaders(response: ServerResponse, requestId: string): void {
  response.setHeader('x-request-id', requestId);
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('cache-control', 'no-store');
}
