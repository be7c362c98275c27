/**
 * The one way out: every request to a configurable URL goes through an `HttpFetch`, which is the guarded, pinned
 * transport of `shared/security` in production and whatever a test hands in.
 *
 * It is the part of the Fetch API that adapters need, so a vendor SDK can be given it through `toSdkFetch`, and it adds
 * what the Fetch API lacks: the body as plain byte chunks, without a promise chain per read.
 */
export interface HttpFetchInit {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
  /** Time to the response headers, in milliseconds. Default: no limit of its own (the signal decides). */
  readonly headersTimeoutMs?: number;
  /** Longest silence between two reads of the body, in milliseconds. Default 60,000. */
  readonly idleTimeoutMs?: number;
  /** Largest body accepted, in bytes. Default 10 MB; a body above it ends in `server_error`. */
  readonly maxBytes?: number;
}

export interface HttpResponse {
  readonly status: number;
  readonly ok: boolean;
  readonly headers: { get(name: string): string | null };
  /** The body as it arrives. Ends the exchange when the consumer stops early. May be consumed once, like `text()`. */
  chunks(): AsyncIterable<Uint8Array>;
  text(): Promise<string>;
}

/**
 * Sends one request. Redirects are never followed (a 3xx is returned as it is), proxies of the environment are ignored.
 *
 * @throws AppError `network` (DNS, refused, reset, TLS), `timeout` (headers, idle), `server_error` (body above
 * `maxBytes`), `blocked_url` (the guard refused the target), `cancelled` (the signal).
 */
export type HttpFetch = (url: string, init?: HttpFetchInit) => Promise<HttpResponse>;
