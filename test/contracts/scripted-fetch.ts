import { AppError, toAppError } from '../../shared/contracts/app-error.ts';
import type { HttpFetch, HttpFetchInit, HttpResponse } from '../../shared/contracts/http-fetch.ts';

/** One answer of a pretended upstream. */
export interface ScriptedResponse {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  /** Bytes per network read; default the whole body in one. */
  readonly bytesPerRead?: number;
}

export interface ScriptedRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The body as text; empty when there is none. */
  readonly body: string;
}

export interface ScriptedExchange extends ScriptedRequest {
  /** The reader stopped before the end of the body. */
  abandoned: boolean;
}

export interface ScriptedFetch {
  readonly fetch: HttpFetch;
  /** What was asked, in order. */
  readonly exchanges: readonly ScriptedExchange[];
}

/** Decides what to answer; `hang` never answers, until the caller aborts. */
export type ScriptedUpstream = (request: ScriptedRequest) => ScriptedResponse | 'hang';

/** An `HttpFetch` that reaches nothing and answers what the upstream function says. */
export function createScriptedFetch(upstream: ScriptedUpstream): ScriptedFetch {
  const exchanges: ScriptedExchange[] = [];
  const fetch: HttpFetch = async (url, init = {}) => {
    refuseAborted(init.signal);
    const exchange = { ...toRequest(url, init), abandoned: false };
    exchanges.push(exchange);
    const answer = upstream(exchange);
    return answer === 'hang' ? hang(init.signal) : toResponse(answer, exchange, init.signal);
  };
  return { fetch, exchanges };
}

function toRequest(url: string, init: HttpFetchInit): ScriptedRequest {
  const { body = '' } = init;
  return {
    url,
    method: init.method ?? 'GET',
    headers: Object.fromEntries(Object.entries(init.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])),
    body: typeof body === 'string' ? body : new TextDecoder().decode(body),
  };
}

function toResponse(answer: ScriptedResponse, exchange: ScriptedExchange, signal?: AbortSignal): HttpResponse {
  const { status = 200, body } = answer;
  const headers = new Headers(answer.headers);
  return {
    status,
    ok: status >= 200 && status < 300,
    headers,
    chunks: () => readBody(answer, exchange, signal),
    async text() {
      refuseAborted(signal);
      return body;
    },
  };
}

async function* readBody(
  { body, bytesPerRead }: ScriptedResponse,
  exchange: ScriptedExchange,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(body);
  const step = bytesPerRead ?? Math.max(1, bytes.length);
  let read = 0;
  try {
    while (read < bytes.length) {
      refuseAborted(signal);
      const part = bytes.slice(read, read + step);
      read += step;
      yield part;
    }
  } finally {
    exchange.abandoned = read < bytes.length;
  }
}

function hang(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(toAppError(signal.reason, signal)), { once: true });
  });
}

function refuseAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AppError('cancelled', 'The request was cancelled.');
}
