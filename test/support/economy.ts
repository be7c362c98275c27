import { onTestFinished } from 'vitest';
import { type ReadAnswer, readAnswer } from '../../scripts/faults/client.ts';
import type { AppOptions } from '../../shared/app/create-app.ts';
import type { Body } from '../integration/clients/wires/wire.ts';
import { type AppServer, startAppServer } from './app-server.ts';
import { createTestTime, type TestTime } from './test-time.ts';
import { startUpstreams, type Upstreams } from './upstreams.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body; of a stream, undefined. */
  readonly json: Body;
  /** A chat answer or its error, whole or streamed, as a strict client reads it. */
  readonly read: ReadAnswer;
}

/** The gateway in front of stand-ins, under a time of its own. */
export interface Economy extends Upstreams {
  readonly server: AppServer;
  readonly time: TestTime;
  /** Which stand-ins were asked, in order. */
  order(): readonly string[];
  post(path: string, body: Body, headers?: Readonly<Record<string, string>>): Promise<Reply>;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Reply>;
  /** A chat request to the agent `agent` that says `Hello`, with what a test is about. */
  chat(fields?: Body, headers?: Readonly<Record<string, string>>): Promise<Reply>;
}

export interface EconomyOptions extends Omit<AppOptions, 'log' | 'environment'> {
  /** Names of stand-ins, as `startUpstreams` takes them. */
  readonly upstreams: readonly string[];
  /** The configuration, given the stand-ins' base URLs. */
  readonly yaml: (endpoints: Readonly<Record<string, string>>) => string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly time?: TestTime;
}

/** Started for one test, and gone with it. */
export async function startEconomy({
  upstreams: names,
  yaml,
  time = createTestTime(),
  ...options
}: EconomyOptions): Promise<Economy> {
  const upstreams = await startUpstreams(names);
  const server = await startAppServer({
    yaml: yaml(upstreams.endpoints),
    accessToken: async () => 'google-token',
    ...time.options,
    ...options,
  });
  onTestFinished(server.close);

  const send = async (path: string, init: RequestInit): Promise<Reply> => {
    const response = await fetch(`${server.url}${path}`, init);
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: type.startsWith('application/json') ? (JSON.parse(text) as Body) : {},
      get read() {
        return readAnswer({ status: response.status, headers: Object.fromEntries(response.headers), body: text });
      },
    };
  };
  const post: Economy['post'] = (path, body, headers = {}) =>
    send(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });

  return {
    ...upstreams,
    server,
    time,
    order: () => upstreams.calls.map(({ upstream }) => upstream),
    post,
    get: (path, headers = {}) => send(path, { headers }),
    chat: (fields, headers) =>
      post(
        '/v1/chat/completions',
        { model: 'agent', messages: [{ role: 'user', content: 'Hello' }], ...fields },
        headers,
      ),
  };
}

/** The stand-in refuses with this status, in the words of OpenAI's API, which every reader of errors takes. */
export function refuse(status: number, headers: Readonly<Record<string, string>> = {}) {
  return { status, headers, body: { error: { message: 'refused', type: 'error', code: null, param: null } } };
}
