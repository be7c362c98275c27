import { AppError, type ErrorCode } from '../../contracts/app-error.ts';
import type { HttpFetch, HttpResponse } from '../../contracts/http-fetch.ts';
import { retryAfterMs } from '../../resilience/upstream-error.ts';

export interface QdrantClientOptions {
  /** Base URL of Qdrant's HTTP interface, such as `https://HOST:6333`. */
  readonly url?: string;
  readonly fetch?: HttpFetch;
  /** Sent as `api-key`. A function is asked before every request. */
  readonly apiKey?: string | (() => Promise<string>);
  /** Longest silence of Qdrant in one request, in milliseconds. Default 60,000. */
  readonly timeoutMs?: number;
}

export interface QdrantRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Below the base URL, with the query. */
  readonly path: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** Sends one request and gives the `result` of its answer. @throws AppError by the status; 404 is `not_found`. */
export type QdrantClient = <Result>(request: QdrantRequest) => Promise<Result>;

/** A page of results with their texts is far below that. */
const MAX_ANSWER_BYTES = 128 * 1_048_576;

interface Translation {
  readonly code: ErrorCode;
  readonly message: string;
  readonly param?: string;
}

const NOT_ALLOWED: Translation = {
  code: 'authentication',
  message: 'Qdrant refused the API key. It has to be one with write access to the collection.',
  param: 'vectorstore.qdrant.api_key',
};

const TRANSLATIONS: Readonly<Record<number, Translation>> = {
  400: {
    code: 'invalid_request',
    message:
      'Qdrant refused the request. Where strict mode is on, it may want a payload index for a field of the filter.',
  },
  401: NOT_ALLOWED,
  403: NOT_ALLOWED,
  404: { code: 'not_found', message: 'Qdrant does not know the collection, or something else answers at its address.' },
  408: { code: 'timeout', message: 'Qdrant did not finish the request in time.' },
  409: { code: 'server_error', message: 'Qdrant refused the request because of another one.' },
  413: { code: 'too_large', message: 'Qdrant takes no request of this size. Use smaller chunks or less metadata.' },
  422: { code: 'invalid_request', message: 'Qdrant refused the request. It has to be version 1.11 or later.' },
  429: { code: 'rate_limit', message: 'Qdrant is limiting our requests.' },
  504: { code: 'timeout', message: 'Qdrant did not finish the request in time.' },
};

/**
 * Qdrant over plain HTTP (https://api.qdrant.tech): every answer is `{result, status, time}`, every failure
 * `{status: {error}, time}`, whose text quotes the data and stays in `cause`.
 */
export function createQdrantClient({ url, fetch, apiKey, timeoutMs = 60_000 }: QdrantClientOptions): QdrantClient {
  if (url === undefined || fetch === undefined) {
    throw new AppError('configuration', 'The vector store qdrant needs a url, and a fetch that may reach it.', {
      param: 'vectorstore.qdrant.url',
    });
  }
  return async <Result>({ method, path, body, signal }: QdrantRequest): Promise<Result> => {
    const key = typeof apiKey === 'function' ? await apiKey() : apiKey;
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'api-key': key }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal !== undefined && { signal }),
      headersTimeoutMs: timeoutMs,
      idleTimeoutMs: timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
    });
    const text = await response.text();
    if (!response.ok) throw toFailure(response, text);
    return readResult<Result>(text);
  };
}

function toFailure({ status, headers }: HttpResponse, text: string): AppError {
  const { code, message, param } = TRANSLATIONS[status] ?? {
    code: 'server_error',
    message: `Qdrant failed (${status}).`,
  };
  const waitMs = code === 'rate_limit' ? retryAfterMs(headers, Date.now()) : undefined;
  return new AppError(code, message, {
    upstreamStatus: status,
    cause: new Error(text.slice(0, 2_000)),
    ...(status < 400 && { retryable: false }),
    ...(param !== undefined && { param }),
    ...(waitMs !== undefined && { retryAfterMs: waitMs }),
  });
}

function readResult<Result>(text: string): Result {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    throw notQdrant(cause);
  }
  if (typeof answer !== 'object' || answer === null || !('result' in answer)) throw notQdrant(undefined);
  return answer.result as Result;
}

function notQdrant(cause: unknown): AppError {
  return new AppError('configuration', 'What answers at the address of Qdrant is something else. Correct the url.', {
    param: 'vectorstore.qdrant.url',
    cause,
  });
}
