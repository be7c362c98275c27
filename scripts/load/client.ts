import { Agent, type IncomingMessage, request } from 'node:http';
import { defined } from '../../shared/config/objects.ts';

/** What became of one request. */
export interface Outcome {
  /** 0 when there was no answer. */
  readonly status: number;
  readonly bytes: number;
  /** A stream: its own last word was there. Anything else: the body was whole. */
  readonly complete: boolean;
  /** From the request to the first text. */
  readonly firstMs: number | undefined;
  readonly totalMs: number;
  /** The first 300 characters, of errors above all. */
  readonly beginning: string;
  readonly error: string | undefined;
}

export interface Question {
  readonly url: string;
  readonly body: unknown;
  /** Default POST. */
  readonly method?: 'GET' | 'POST';
  readonly signal?: AbortSignal;
  /** On a connection of its own, which is opened for it. */
  readonly fresh?: boolean;
  /** Told once, when the first text of a stream is there, with its body. */
  readonly onFirst?: (body: IncomingMessage) => void;
}

/** Every connection that is asked for; a client of its own would queue. */
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, maxFreeSockets: 256 });

const ENDS = ['data: [DONE]', 'event: message_stop', 'event: response.completed'];
const KEPT = 300;
/** Longer than the longest last event. */
const TAIL = 2_000;

/** Asks and reads to the end. Never rejects. */
export function ask({ url, body, method = 'POST', signal, fresh = false, onFirst }: Question): Promise<Outcome> {
  const startedAt = performance.now();
  let status = 0;
  let bytes = 0;
  let firstMs: number | undefined;
  let beginning = '';
  let tail = '';
  return new Promise((resolve) => {
    const finish = (complete: boolean, error?: string): void => {
      resolve({ status, bytes, complete, firstMs, totalMs: performance.now() - startedAt, beginning, error });
    };
    const sent = request(url, {
      agent: fresh ? false : agent,
      method,
      headers: { 'content-type': 'application/json' },
      ...(signal === undefined ? {} : { signal }),
    });
    sent.on('error', (error: NodeJS.ErrnoException) => {
      // A kept connection that the server had closed before it heard of this request: any client asks again.
      const isStale = sent.reusedSocket && status === 0 && error.code === 'ECONNRESET';
      if (isStale) resolve(ask({ url, body, method, fresh: true, ...defined({ signal, onFirst }) }));
      else finish(false, error.code ?? error.message);
    });
    sent.on('response', (response) => {
      status = response.statusCode ?? 0;
      const isStream = response.headers['content-type']?.startsWith('text/event-stream') ?? false;
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        bytes += text.length;
        if (beginning.length < KEPT) beginning = (beginning + text).slice(0, KEPT);
        tail = (tail + text).slice(-TAIL);
        if (firstMs === undefined && (!isStream || tail.includes('word') || tail.includes('xxxx'))) {
          firstMs = performance.now() - startedAt;
          onFirst?.(response);
        }
      });
      response.on('end', () => finish(!isStream || ENDS.some((end) => tail.includes(end))));
      response.on('error', (error: NodeJS.ErrnoException) => finish(false, error.code ?? error.message));
    });
    sent.end(method === 'GET' ? undefined : JSON.stringify(body));
  });
}

/** Lets go of idle connections. */
export function closeIdleConnections(): void {
  agent.destroy();
}
