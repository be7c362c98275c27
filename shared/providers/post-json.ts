import type { AppError } from '../contracts/app-error.ts';
import type { ChatCall } from '../contracts/chat-provider.ts';
import type { HttpResponse } from '../contracts/http-fetch.ts';
import { toUpstreamError } from '../resilience/upstream-error.ts';
import { readErrorText } from '../resilience/upstream-error-text.ts';

/** Streams are bounded by their events and their silence, not by a small total. */
const MAX_STREAM_BYTES = 256 * 1024 * 1024;

export interface JsonPost {
  /** Provider name, for the error's message. */
  readonly provider: string;
  readonly url: string;
  /** Credentials and versions, as the vendor wants them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** Media type of the stream that is asked for; absent for an answer in one piece. */
  readonly stream?: string;
}

/** One request to a vendor. @throws AppError by the status of an answer that is not a 2xx. */
export async function postJson(
  { fetch, signal, idleTimeoutMs }: Pick<ChatCall, 'fetch' | 'signal' | 'idleTimeoutMs'>,
  { provider, url, headers, body, stream }: JsonPost,
): Promise<HttpResponse> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: stream ?? 'application/json', ...headers },
    // The text would be kept beside its bytes until the answer is there.
    body: Buffer.from(JSON.stringify(body)),
    signal,
    ...(stream === undefined ? {} : { maxBytes: MAX_STREAM_BYTES }),
    ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMs }),
  });
  if (response.ok) return response;
  throw await toRefusal(provider, response, signal);
}

/** What an answer that is not a 2xx means, by its status. */
export async function toRefusal(provider: string, response: HttpResponse, signal: AbortSignal): Promise<AppError> {
  const { status, headers } = response;
  return toUpstreamError({ provider, status, headers, body: await readErrorText(response, signal) });
}
