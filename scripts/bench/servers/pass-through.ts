import type { ServerResponse } from 'node:http';
import { http } from '@google-cloud/functions-framework';
import { Agent, type Dispatcher } from 'undici';

/** The least that a gateway on the functions framework can do: bytes in, bytes out, by undici's cheapest interface. */
const agent = new Agent();
const origin = process.env.UPSTREAM ?? '';

class Forward implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse;
  constructor(response: ServerResponse) {
    this.#response = response;
  }
  onRequestStart(): void {}
  onResponseStart(_: unknown, status: number, headers: Record<string, string | string[] | undefined>): void {
    this.#response.writeHead(status, { 'content-type': headers['content-type'] as string });
  }
  onResponseData(_: unknown, chunk: Buffer): void {
    this.#response.write(chunk);
  }
  onResponseEnd(): void {
    this.#response.end();
  }
  onResponseError(_: unknown, error: Error): void {
    this.#response.destroy(error);
  }
}

http('pass', (request, response) => {
  if (request.method !== 'POST') {
    response.end('ready');
    return;
  }
  agent.dispatch(
    {
      origin,
      path: request.url,
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer upstream-key' },
      body: request.rawBody ?? null,
    },
    new Forward(response),
  );
});
