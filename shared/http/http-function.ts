import { setMaxListeners } from 'node:events';
import type { ServerResponse } from 'node:http';
import { AppError, toAppError } from '../contracts/app-error.ts';
import { type Call, elapsedMs, plainCall } from '../telemetry/call.ts';
import { toCallerRequest } from './caller-request.ts';
import { setCommonHeaders } from './common-headers.ts';
import { toErrorAnswer, toErrorBody } from './error-response.ts';
import { writeEventStream } from './event-stream.ts';
import { type BufferedRequest, readJsonBody } from './request-body.ts';
import { requestIdOf } from './request-id.ts';
import { createRouter, type Match, type Route } from './router.ts';

/** What a route's handler sees of its request. */
export interface RequestContext {
  readonly requestId: string;
  /** The request as logs, metrics and traces know it; what is learned on the way is added to its facts. */
  readonly call: Call;
  /** Route pattern, for logs and metrics: bounded, unlike the path. */
  readonly route: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The request itself, for what is known about it elsewhere. */
  readonly request: object;
  header(name: string): string | undefined;
  /** Sets a header of the answer, an error included. */
  setHeader(name: string, value: string): void;
  /** Address at the other end of the socket: a proxy's, where there is one. */
  readonly remoteAddress: string | undefined;
  /** The body as JSON, at most `limit` bytes. @throws AppError as `readJsonBody`. */
  readJson(limit: number): unknown;
  /** Aborted when the client goes away before its answer is finished. */
  readonly signal: AbortSignal;
}

export type Answer =
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** Sent as JSON; a string is JSON text already. */
      readonly json: unknown;
    }
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly text: string;
      readonly contentType: string;
    }
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly bytes: Uint8Array;
      readonly contentType: string;
    }
  | {
      readonly events: AsyncIterable<string | Uint8Array>;
      /** Asked when the head goes out. */
      readonly headers?: () => Readonly<Record<string, string>>;
      /** The last words of a stream that failed after it began. Default: OpenAI's `error` event. */
      readonly toErrorPiece?: ((error: AppError) => string) | undefined;
    };

export type Handler = (context: RequestContext) => Promise<Answer> | Answer;

export interface RequestOutcome {
  readonly context: RequestContext;
  readonly method: string;
  readonly status: number;
  readonly latencyMs: number;
  readonly error?: AppError;
}

export interface HttpFunctionOptions {
  readonly routes: readonly Route<Handler>[];
  /** Begins a request's account, its trace read from the headers. Default: the id alone. */
  readonly startCall?: (requestId: string, header: RequestContext['header']) => Call;
  /** Runs the handler and sends its answer, with the call around it. Default: nothing around it. */
  readonly within?: (call: Call, work: () => Promise<void>) => Promise<void>;
  /** Told once per request, when its answer is out. Must not throw. */
  readonly onOutcome?: (outcome: RequestOutcome) => void;
}

export type HttpFunction = (request: BufferedRequest, response: ServerResponse) => Promise<void>;

/**
 * One HTTP function from its routes. Handlers return values or throw; this is the one place that turns either into
 * HTTP. It never rejects: an unhandled rejection would end the instance.
 */
export function createHttpFunction({
  routes,
  startCall = plainCall,
  within = (_call, work) => work(),
  onOutcome,
}: HttpFunctionOptions): HttpFunction {
  const router = createRouter(routes);
  return async (request, response) => {
    const requestId = requestIdOf(request);
    const gone = new AbortController();
    // A request may have many calls under way at once; each lets go of the signal by itself.
    setMaxListeners(0, gone.signal);
    response.once('close', () => {
      // The request's own 'close' fires as soon as its body is read and says nothing about the client.
      if (!response.writableFinished) gone.abort(new AppError('cancelled', 'The client went away.'));
    });
    setCommonHeaders(response, requestId);
    const method = request.method ?? 'GET';
    const asked = toCallerRequest(request, response);
    const call = startCall(requestId, asked.header);
    const context: Mutable<RequestContext> = {
      requestId,
      call,
      route: 'unknown',
      params: {},
      query: NO_QUERY,
      ...asked,
      readJson: (limit) => readJsonBody(request, limit),
      signal: gone.signal,
    };
    let failure: AppError | undefined;
    let toBody: Route<Handler>['toErrorBody'];
    try {
      await within(call, async () => {
        const { route, params } = matchRequest(router, request, context);
        toBody = route.toErrorBody;
        context.route = route.path;
        context.params = params;
        await send(response, await route.handler(context), context, method === 'HEAD', (error) => {
          failure = error;
        });
      });
    } catch (error) {
      failure = toAppError(error, gone.signal);
      sendError(response, failure, toBody?.(failure, requestId));
    }
    onOutcome?.({
      context,
      method,
      status: response.statusCode,
      latencyMs: elapsedMs(call),
      ...(failure === undefined ? {} : { error: failure }),
    });
  };
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const NO_QUERY = new URLSearchParams();

function matchRequest(
  router: (method: string, path: string) => Match<Handler>,
  request: BufferedRequest,
  context: Mutable<RequestContext>,
): Match<Handler> {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  if (mark !== -1) context.query = new URLSearchParams(url.slice(mark + 1));
  const path = mark === -1 ? url : url.slice(0, mark);
  return router(request.method ?? 'GET', path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path);
}

async function send(
  response: ServerResponse,
  answer: Answer,
  context: RequestContext,
  headOnly: boolean,
  onLateError: (error: AppError) => void,
): Promise<void> {
  if ('events' in answer) {
    await writeEventStream({
      response,
      pieces: answer.events,
      headers: answer.headers ?? (() => ({})),
      signal: context.signal,
      toErrorPiece: (error) => {
        const failure = toAppError(error, context.signal);
        onLateError(failure);
        return answer.toErrorPiece?.(failure) ?? `event: error\ndata: ${JSON.stringify(toErrorBody(failure))}\n\n`;
      },
    });
    return;
  }
  if (response.destroyed) return;
  const [body, contentType] = toBody(answer);
  writeBody(response, answer.status ?? 200, { ...answer.headers, 'content-type': contentType }, body, headOnly);
}

function toBody(answer: Exclude<Answer, { events: unknown }>): [string | Uint8Array, string] {
  if ('text' in answer) return [answer.text, answer.contentType];
  if ('bytes' in answer) return [answer.bytes, answer.contentType];
  const json = typeof answer.json === 'string' ? answer.json : JSON.stringify(answer.json);
  return [json, 'application/json; charset=utf-8'];
}

/** @param foreignBody the error in the form of another API, for routes that speak it. */
function sendError(response: ServerResponse, error: AppError, foreignBody?: unknown): void {
  if (response.headersSent) {
    response.end();
    return;
  }
  const { status, headers, body } = toErrorAnswer(error);
  if (response.destroyed) {
    // Nobody reads it, but the log line should not say 200.
    response.statusCode = status;
    return;
  }
  writeBody(
    response,
    status,
    { ...headers, 'content-type': 'application/json; charset=utf-8' },
    JSON.stringify(foreignBody ?? body),
  );
}

function writeBody(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array,
  headOnly = false,
): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  if (headOnly) response.end();
  else response.end(body);
}
