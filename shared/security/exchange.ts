import type { buildConnector, Dispatcher } from 'undici';
import Agent from 'undici/lib/dispatcher/agent.js';
import { AppError } from '../contracts/app-error.ts';
import type { HttpFetchInit, HttpResponse } from '../contracts/http-fetch.ts';
import { toNetworkError } from './network-error.ts';

export const CONNECT_TIMEOUT_MS = 10_000;
const DEFAULT_MAX_BYTES = 10 * 1024 * 1024;
const DEFAULT_IDLE_TIMEOUT_MS = 60_000;
/** Unread bytes at which the socket is paused, so that a slow reader never makes the body grow in memory. */
const HIGH_WATER_BYTES = 256 * 1024;

/** Where a request goes: scheme, host and port; path and query. */
export interface Place {
  readonly origin: string;
  readonly path: string;
}

/** A set of kept sockets. */
export function createAgent(connect: buildConnector.BuildOptions | buildConnector.connector): Agent {
  return new Agent({
    connect,
    // Idle limits are per request and ours (below); undici's own timers tick in whole seconds.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: 30_000,
  });
}

/** One request and its answer. Is the dispatcher's handler and the response at once, to keep allocation per call low. */
export class Exchange implements HttpResponse, Dispatcher.DispatchHandler {
  readonly response: Promise<HttpResponse>;
  status = 0;
  readonly headers: { get(name: string): string | null };

  #resolve!: (response: HttpResponse) => void;
  #reject!: (error: AppError) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: () => void;
  readonly #maxBytes: number;
  readonly #idleTimeoutMs: number;
  #timer: NodeJS.Timeout | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #headers: Record<string, string | string[] | undefined> = {};
  #answered = false;

  #queue: Buffer[] = [];
  #queued = 0;
  #received = 0;
  #ended = false;
  #error: AppError | undefined;
  #wake: (() => void) | undefined;

  readonly #onFailure: ((error: AppError) => void) | undefined;

  /** @param onFailure told of a failure that came before the answer did, once. */
  constructor(agent: Agent, place: Place, init: HttpFetchInit, onFailure?: (error: AppError) => void) {
    this.#onFailure = onFailure;
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.headers = { get: (name) => joinHeader(this.#headers[name.toLowerCase()]) };
    this.#maxBytes = init.maxBytes ?? DEFAULT_MAX_BYTES;
    this.#idleTimeoutMs = init.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS;
    this.#signal = init.signal;
    this.#onAbort = () => this.#fail(abortReason(this.#signal));
    if (this.#signal?.aborted) {
      this.#fail(abortReason(this.#signal));
      return;
    }
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (init.headersTimeoutMs !== undefined) this.#startTimer(init.headersTimeoutMs, 'did not answer');
    this.#dispatch(agent, place, init);
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  chunks(): AsyncIterable<Uint8Array> {
    return { [Symbol.asyncIterator]: () => ({ next: () => this.#next(), return: () => this.#stop() }) };
  }

  async text(): Promise<string> {
    const parts: Uint8Array[] = [];
    for await (const part of this.chunks()) parts.push(part);
    return (parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)).toString('utf8');
  }

  // --- Dispatcher callbacks ---

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#error) controller.abort(this.#error);
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[]>): void {
    if (status < 200) return;
    this.status = status;
    this.#headers = headers;
    this.#answered = true;
    this.#startTimer(this.#idleTimeoutMs, 'fell silent');
    this.#resolve(this);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#received += chunk.length;
    if (this.#received > this.#maxBytes) {
      const message = `The upstream's answer is larger than ${this.#maxBytes} bytes.`;
      this.#fail(new AppError('server_error', message, { retryable: false }));
      return;
    }
    this.#timer?.refresh();
    this.#queue.push(chunk);
    this.#queued += chunk.length;
    if (this.#queued > HIGH_WATER_BYTES) controller.pause();
    this.#wake?.();
  }

  onResponseEnd(): void {
    this.#settle();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#fail(toFailure(error));
  }

  // --- Internal ---

  #dispatch(agent: Agent, { origin, path }: Place, init: HttpFetchInit): void {
    try {
      agent.dispatch(
        {
          origin,
          path,
          method: init.method ?? 'GET',
          // Nothing here decompresses, so nothing compressed is asked for.
          headers: { 'accept-encoding': 'identity', ...init.headers },
          body: init.body ?? null,
        },
        this,
      );
    } catch (error) {
      this.#fail(toFailure(error));
    }
  }

  #startTimer(timeoutMs: number, what: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      // A reader that is itself slow has not been failed by the upstream.
      if (this.#queued > 0) this.#timer?.refresh();
      else this.#fail(new AppError('timeout', `The upstream ${what} for ${timeoutMs} ms.`));
    }, timeoutMs);
  }

  async #next(): Promise<IteratorResult<Uint8Array>> {
    while (true) {
      if (this.#queue.length > 0) return { done: false, value: this.#take() };
      if (this.#error) throw this.#error;
      if (this.#ended) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }

  /** Everything that has arrived since the last read, as one piece: one turn of the consumer's loop for all of it. */
  #take(): Uint8Array {
    const value = this.#queue.length === 1 ? (this.#queue[0] as Buffer) : Buffer.concat(this.#queue);
    this.#queue = [];
    this.#queued = 0;
    if (this.#controller?.paused) this.#controller.resume();
    // While the socket was paused the upstream could not speak: its silence is counted from now.
    this.#timer?.refresh();
    return value;
  }

  async #stop(): Promise<IteratorResult<Uint8Array>> {
    if (!this.#ended) this.#fail(new AppError('cancelled', 'The answer is no longer wanted.'));
    return { done: true, value: undefined };
  }

  #fail(error: AppError): void {
    if (this.#ended) return;
    this.#error = error;
    this.#settle();
    this.#controller?.abort(error);
    if (this.#answered) return;
    this.#onFailure?.(error);
    this.#reject(error);
  }

  #settle(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#wake?.();
  }
}

/** A request that could not even be formed is a mistake in the configuration, and stays one however often it is tried. */
export function toFailure(error: unknown): AppError {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (code !== 'ERR_INVALID_URL' && code !== 'UND_ERR_INVALID_ARG') return toNetworkError(error);
  return new AppError(
    'configuration',
    'The request could not be formed: check the endpoint, and the key for line breaks and characters outside ASCII.',
    { cause: error },
  );
}

function joinHeader(value: string | string[] | undefined): string | null {
  if (value === undefined) return null;
  return Array.isArray(value) ? value.join(', ') : value;
}

function abortReason(signal: AbortSignal | undefined): AppError {
  return signal?.reason instanceof AppError
    ? signal.reason
    : new AppError('cancelled', 'The request was cancelled.', { cause: signal?.reason });
}
