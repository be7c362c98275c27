import { AppError, type ErrorCode, toAppError } from '../contracts/app-error.ts';
import type { HttpResponse } from '../contracts/http-fetch.ts';
import { createDeadline } from '../resilience/deadline.ts';

/** A server that is there answers at once; one that is not must not hold up a request. */
export const PROBE_TIMEOUT_MS = 2_000;

export interface Probe {
  readonly provider: string;
  readonly signal: AbortSignal;
  readonly ask: (signal: AbortSignal) => Promise<HttpResponse>;
  /** What an answer other than 200 means. */
  readonly toRefusal: (response: HttpResponse, signal: AbortSignal) => Promise<AppError>;
}

/** What says more about the target than that it does not work. */
const TELLING: ReadonlySet<ErrorCode> = new Set([
  'authentication',
  'permission',
  'timeout',
  'network',
  'blocked_url',
  'configuration',
  'cancelled',
]);

/**
 * Why a target does not answer a question with 200 within two seconds; undefined when it does. Never throws. The error
 * is not worth another attempt now, and never one that would end a cascade: the caller's request had no part in it.
 */
export async function probe({ provider, signal, ask, toRefusal }: Probe): Promise<AppError | undefined> {
  const limit = createDeadline(signal, PROBE_TIMEOUT_MS, `The probe of ${provider}`);
  try {
    const response = await ask(limit.signal);
    if (response.status !== 200) return toFault(provider, await toRefusal(response, limit.signal));
    await response.text();
    return undefined;
  } catch (error) {
    return toFault(provider, toAppError(error, limit.signal));
  } finally {
    limit.end();
  }
}

function toFault(provider: string, error: AppError): AppError {
  const { code, message, upstreamStatus } = error;
  const status = upstreamStatus === undefined ? {} : { upstreamStatus };
  const options = { retryable: false, cause: error.cause ?? error, ...status };
  if (TELLING.has(code)) return new AppError(code, message, options);
  return new AppError('server_error', `${provider} is not ready (${upstreamStatus ?? code}).`, options);
}
