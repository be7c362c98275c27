import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestContext } from './http-function.ts';

/** A request as far as it matters who makes it, known before its body is. */
export type CallerRequest = Pick<RequestContext, 'request' | 'header' | 'setHeader' | 'remoteAddress'>;

export function toCallerRequest(request: IncomingMessage, response: ServerResponse): CallerRequest {
  return {
    request,
    header: (name) => headerText(request.headers[name]),
    setHeader: (name, value) => void response.setHeader(name, value),
    remoteAddress: request.socket.remoteAddress,
  };
}

function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}
