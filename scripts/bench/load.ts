import { Agent, type Dispatcher } from 'undici';

/** A request as a client sends it, the same bytes every time. */
export interface LoadRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** What the answer must hold, at its end or anywhere; anything else is a failure, not a fast answer. */
  readonly expected: string;
}

export interface Reply {
  /** Until the first byte that `firstToken` stands in. */
  readonly firstTokenMs: number;
  readonly totalMs: number;
}

export interface LoadClient {
  /** Sends `count` requests, `concurrency` at a time. @throws when any of them is not answered as expected. */
  run(request: LoadRequest, options: { count: number; concurrency: number }): Promise<readonly Reply[]>;
  /** Sends one request and leaves once its first bytes are there, or after `afterMs`. @returns the time of leaving. */
  leave(request: LoadRequest, afterMs: number): Promise<number>;
  close(): Promise<void>;
}

/** What an answer's first token reads. */
export const FIRST_TOKEN = 'word0';

/** A client that does as little as possible per answer. */
export function createLoadClient(origin: string): LoadClient {
  const agent = new Agent({ keepAliveTimeout: 60_000, connections: 64 });

  const dispatch = (request: LoadRequest, handler: Dispatcher.DispatchHandler): void => {
    const { path, headers, body } = request;
    const all = { 'content-type': 'application/json', ...headers };
    agent.dispatch({ origin, path, method: 'POST', headers: all, body }, handler);
  };

  const ask = (request: LoadRequest): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const startedAt = performance.now();
      let firstTokenMs: number | undefined;
      const parts: Buffer[] = [];
      let status = 0;
      dispatch(request, {
        onRequestStart() {},
        onResponseStart(_, code) {
          status = code;
        },
        onResponseData(_, chunk) {
          if (firstTokenMs === undefined && chunk.includes(FIRST_TOKEN)) firstTokenMs = performance.now() - startedAt;
          parts.push(chunk);
        },
        onResponseEnd() {
          const totalMs = performance.now() - startedAt;
          const text = Buffer.concat(parts);
          if (text.includes(request.expected)) resolve({ firstTokenMs: firstTokenMs ?? totalMs, totalMs });
          else
            reject(
              new Error(
                `Not the answer that was expected from ${origin}${request.path}: ${status} ${text.toString('utf8').slice(0, 500)}`,
              ),
            );
        },
        onResponseError: (_, error) => reject(error),
      });
    });

  return {
    async run(request, { count, concurrency }) {
      const replies: Reply[] = [];
      let left = count;
      const worker = async (): Promise<void> => {
        while (left > 0) {
          left -= 1;
          replies.push(await ask(request));
        }
      };
      await Promise.all(Array.from({ length: concurrency }, worker));
      return replies;
    },
    leave: (request, afterMs) =>
      new Promise((resolve) => {
        let control: Dispatcher.DispatchController | undefined;
        let isGone = false;
        const go = (): void => {
          if (isGone) return;
          isGone = true;
          control?.abort(new Error('left'));
          resolve(Date.now());
        };
        dispatch(request, {
          onRequestStart(controller) {
            control = controller;
            setTimeout(go, afterMs);
          },
          onResponseError() {},
        });
      }),
    close: () => agent.destroy(),
  };
}
