import { AppError, toAppError } from '../contracts/app-error.ts';
import type { HttpFetch, HttpFetchInit, HttpResponse } from '../contracts/http-fetch.ts';
import { toUpstreamError } from '../resilience/upstream-error.ts';

/** Response headers that vendor SDKs or our error translation look at. */
const HEADERS = [
  'content-type',
  'request-id',
  'retry-after',
  'retry-after-ms',
  'x-request-id',
  'x-should-retry',
  ...['requests', 'tokens'].flatMap((unit) => [`x-ratelimit-remaining-${unit}`, `x-ratelimit-reset-${unit}`]),
];

/** Statuses that the Fetch API allows no body for. */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Our transport in the shape vendor SDKs take for their `fetch` option, so that they cannot reach past the guard. The
 * body is streamed. Request bodies may be text or bytes.
 */
export function toSdkFetch(fetch: HttpFetch): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await fetch(...(await toArguments(input, init)));
    const headers = new Headers();
    for (const name of HEADERS) {
      const value = response.headers.get(name);
      if (value !== null) headers.set(name, value);
    }
    // The Fetch API knows no status above 599; such an answer is a broken upstream's.
    const status = response.status > 599 ? 500 : response.status;
    if (!WITHOUT_BODY.has(status)) return new Response(toStream(response), { status, headers });
    await response.text();
    return new Response(null, { status, headers });
  };
}

/**
 * What an SDK threw, as an AppError: our transport's own error where it is the cause, else by the status the SDK read.
 */
export function fromSdkError(provider: string, error: unknown, signal?: AbortSignal): AppError {
  for (let current = error, depth = 0; current instanceof Error && depth < 5; current = current.cause, depth += 1) {
    if (current instanceof AppError) return current;
  }
  const { status, headers, error: body } = (error ?? {}) as { status?: unknown; headers?: unknown; error?: unknown };
  if (typeof status === 'number' && status >= 300 && status < 600) {
    return toUpstreamError({
      provider,
      status,
      body: JSON.stringify({ error: body ?? null }),
      headers: headers instanceof Headers ? headers : { get: () => null },
    });
  }
  if (signal?.aborted) return toAppError(error, signal);
  return new AppError('server_error', `${provider} gave an answer that could not be read.`, { cause: error });
}

async function toArguments(input: string | URL | Request, init?: RequestInit): Promise<[string, HttpFetchInit]> {
  if (!(input instanceof Request)) return [String(input), toInit(init)];
  const request = new Request(input, init);
  const body = request.body ? new Uint8Array(await request.arrayBuffer()) : undefined;
  const { method, headers, signal } = request;
  return [request.url, toInit({ method, headers, signal, ...(body ? { body } : {}) })];
}

function toInit(init: RequestInit | undefined): HttpFetchInit {
  if (!init) return {};
  const { body, signal } = init;
  return {
    method: (init.method?.toUpperCase() ?? 'GET') as NonNullable<HttpFetchInit['method']>,
    headers: Object.fromEntries(new Headers(init.headers)),
    ...(body === undefined || body === null ? {} : { body: toBody(body) }),
    ...(signal ? { signal } : {}),
  };
}

function toBody(body: NonNullable<RequestInit['body']>): string | Uint8Array {
  if (typeof body === 'string' || body instanceof Uint8Array) return body;
  if (body instanceof URLSearchParams) return body.toString();
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  throw new AppError('unsupported', 'Requests through a vendor SDK may carry text or bytes alone.');
}

/** The body chunk by chunk, as the consumer asks for it; cancelling it ends the exchange. */
function toStream(response: HttpResponse): ReadableStream<Uint8Array> {
  const chunks = response.chunks()[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await chunks.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
