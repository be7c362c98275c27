import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHttpFunction, type Handler, type RequestOutcome } from '../../../shared/http/http-function.ts';
import { type BufferedRequest, readBody } from '../../../shared/http/request-body.ts';
import type { Route } from '../../../shared/http/router.ts';

export interface Served {
  readonly url: string;
  readonly port: number;
  readonly outcomes: readonly RequestOutcome[];
  /** The next outcome that has not been asked for. */
  nextOutcome(): Promise<RequestOutcome>;
  /** What the function's promises rejected with; nothing, ever. */
  readonly rejections: readonly unknown[];
  close(): Promise<void>;
}

/** The routes as one function behind Node's own server, with the body in memory as the front door leaves it. */
export async function serve(routes: readonly Route<Handler>[]): Promise<Served> {
  const outcomes: RequestOutcome[] = [];
  const rejections: unknown[] = [];
  let taken = 0;
  let wake: () => void = () => {};
  const httpFunction = createHttpFunction({
    routes,
    onOutcome: (outcome) => {
      outcomes.push(outcome);
      wake();
    },
  });
  const server = createServer((request: BufferedRequest, response) => {
    readBody(request, 10_000_000)
      .then((body) => {
        request.rawBody = body;
        return httpFunction(request, response);
      })
      .catch((error: unknown) => rejections.push(error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    outcomes,
    rejections,
    async nextOutcome() {
      while (outcomes.length <= taken) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      taken += 1;
      return outcomes[taken - 1] as RequestOutcome;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
