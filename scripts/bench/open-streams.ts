import { Agent, type Dispatcher } from 'undici';
import { FIRST_TOKEN, type LoadRequest } from './load.ts';

/** Streams that go on for as long as somebody listens. */
export interface OpenStreams {
  /** Events that came so far, of all of them. */
  readonly chunks: number;
  /** Leaves all of them. */
  close(): Promise<void>;
}

/** A server's list of connections that wait to be accepted is short. */
const AT_ONCE = 50;

/** Opens `count` streams, each on a connection of its own. Resolves when all have said something. */
export async function openStreams(origin: string, request: LoadRequest, count: number): Promise<OpenStreams> {
  const agent = new Agent({ connections: count });
  let chunks = 0;
  let isClosed = false;

  const open = (): Promise<void> =>
    new Promise((resolve, reject) => {
      let status = 0;
      const handler: Dispatcher.DispatchHandler = {
        onRequestStart() {},
        onResponseStart(_, code) {
          status = code;
        },
        onResponseData(_, bytes) {
          for (let end = bytes.indexOf('\n\n'); end !== -1; end = bytes.indexOf('\n\n', end + 2)) chunks += 1;
          if (bytes.includes(FIRST_TOKEN)) resolve();
        },
        onResponseEnd: () => reject(new Error(`A stream that has no end ended, with status ${status}.`)),
        onResponseError: (_, error) => {
          if (!isClosed) reject(error);
        },
      };
      const { path, body } = request;
      const headers = { 'content-type': 'application/json', ...request.headers };
      agent.dispatch({ origin, path, method: 'POST', headers, body }, handler);
    });

  for (let opened = 0; opened < count; opened += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - opened) }, open));
  }
  return {
    get chunks() {
      return chunks;
    },
    async close() {
      isClosed = true;
      await agent.destroy();
    },
  };
}
