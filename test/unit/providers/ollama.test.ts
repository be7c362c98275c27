import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import type { ChatCall, ChatRequest } from '../../../shared/contracts/chat-provider.ts';
import type { HttpFetch, HttpFetchInit } from '../../../shared/contracts/http-fetch.ts';
import { createOllamaProvider } from '../../../shared/providers/ollama.ts';
import type { OllamaPath } from '../../../shared/providers/ollama-paths.ts';
import { ollamaUrl } from '../../../shared/providers/ollama-transport.ts';
import { describeChatProvider } from '../../contracts/chat-provider.ts';
import { createScriptedFetch, type ScriptedUpstream } from '../../contracts/scripted-fetch.ts';

const ENDPOINT = 'http://localhost:11434';
const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.identity.token';
const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
const NDJSON_TYPE = { 'content-type': 'application/x-ndjson' };
const provider = createOllamaProvider();

function load(name: string): string {
  return readFileSync(new URL(`../../fixtures/providers/ollama/${name}`, import.meta.url), 'utf8');
}

function toCall(fetch: HttpFetch, changes: Partial<ChatCall> = {}): ChatCall {
  return {
    request: { model: 'agent', messages: [{ role: 'user', content: 'Hello' }] },
    model: 'llama3.1:8b',
    endpoint: ENDPOINT,
    signal: new AbortController().signal,
    fetch,
    ...changes,
  };
}

async function failureOf(attempt: Promise<unknown>): Promise<AppError> {
  const error = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(AppError);
  return error as AppError;
}

describeChatProvider({
  name: 'ollama',
  createProvider: () => createOllamaProvider(),
  upstream: {
    completion: { headers: JSON_TYPE, body: load('answer.json') },
    stream: { headers: NDJSON_TYPE, body: load('text.ndjson') },
  },
  text: 'Grüße, 世界 🌍',
  truncatedStream: { headers: NDJSON_TYPE, body: load('text.ndjson').split('\n').slice(0, 2).join('\n') },
  call: { model: 'llama3.1:8b', endpoint: ENDPOINT, credential: TOKEN },
});

describe('the request sent', () => {
  function createRecorder(body: string) {
    const sent: { url: string; init: HttpFetchInit }[] = [];
    const fetch: HttpFetch = async (url, init = {}) => {
      sent.push({ url, init });
      const { fetch: answer } = createScriptedFetch(() => ({ body }));
      return answer(url);
    };
    return { sent, fetch };
  }

  test('goes to the chat path of the configured origin, with the token and limits that let a model load', async () => {
    const { sent, fetch } = createRecorder(load('answer.json'));
    const call = toCall(fetch, { credential: TOKEN, idleTimeoutMs: 5000 });
    await provider.complete(call);
    expect(sent).toEqual([
      {
        url: 'http://localhost:11434/api/chat',
        init: {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            accept: 'application/json',
            authorization: `Bearer ${TOKEN}`,
          },
          body: Buffer.from(
            '{"model":"llama3.1:8b","messages":[{"role":"user","content":"Hello"}],"stream":false,"truncate":false}',
          ),
          signal: call.signal,
          headersTimeoutMs: 300_000,
          idleTimeoutMs: 5000,
        },
      },
    ]);
  });

  test('streams when asked to, has no token where there is none, and keeps the settings of its operator', async () => {
    const { sent, fetch } = createRecorder(load('text.ndjson'));
    const settings = { firstByteTimeoutMs: 1000, keepAlive: '30m', contextLength: 16_384 };
    await provider.stream(toCall(fetch, { endpoint: `${ENDPOINT}/`, ...settings }));
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({ url: 'http://localhost:11434/api/chat', init: { headersTimeoutMs: 1000 } });
    expect(sent[0]?.init.headers).toEqual({ 'content-type': 'application/json', accept: 'application/x-ndjson' });
    expect(JSON.parse(sent[0]?.init.body as string)).toEqual({
      model: 'llama3.1:8b',
      messages: [{ role: 'user', content: 'Hello' }],
      stream: true,
      truncate: false,
      options: { num_ctx: 16_384 },
      keep_alive: '30m',
    });
  });

  test('is not made for a name, a parameter or an endpoint that cannot be right', async () => {
    const { exchanges, fetch } = createScriptedFetch(() => ({ body: load('answer.json') }));
    const { endpoint: _endpoint, ...nowhere } = toCall(fetch);
    const request: ChatRequest = { ...nowhere.request, n: 2 };
    for (const [call, code] of [
      [toCall(fetch, { model: '../../api/pull' }), 'model_not_found'],
      [toCall(fetch, { request }), 'unsupported'],
      [nowhere, 'configuration'],
      [toCall(fetch, { endpoint: `${ENDPOINT}/v1` }), 'configuration'],
    ] as const) {
      expect(await failureOf(provider.complete(call))).toMatchObject({ code });
      expect(await failureOf(provider.stream(call))).toMatchObject({ code });
    }
    expect(exchanges).toEqual([]);
  });
});

describe('the address', () => {
  test.each(['/', '/api/tags', '/api/show', '/api/generate', '/api/chat', '/api/embed'] as const)(
    'may have the path %s',
    (path) => {
      expect(ollamaUrl('https://ollama-abc123-uc.a.run.app', path)).toBe(`https://ollama-abc123-uc.a.run.app${path}`);
    },
  );

  test.each(['/api/pull', '/api/create', '/api/delete', '/api/push', '/api/chat/../pull', '/api/copy'])(
    'may not have the path %s',
    (path) => {
      expect(() => ollamaUrl(ENDPOINT, path as OllamaPath)).toThrow(expect.objectContaining({ code: 'blocked_url' }));
    },
  );

  test.each([
    undefined,
    '',
    'localhost:11434',
    'ftp://localhost',
    'http://localhost:11434/api',
    'http://localhost:11434//',
    'http://localhost:11434?x=1',
    'http://localhost:11434#x',
    'http://user:secret@localhost:11434',
    'http:\\\\localhost',
    'http://local host',
  ])('needs a bare origin, which %j is not', (endpoint) => {
    const error = expect.objectContaining({
      code: 'configuration',
      message: expect.not.stringContaining('secret'),
    });
    expect(() => ollamaUrl(endpoint, '/api/chat')).toThrow(error);
  });
});

describe('a refusal', () => {
  test('of a model that was never pulled says how to pull it, pulls nothing and shows nothing of the server', async () => {
    const upstream: ScriptedUpstream = () => ({
      status: 404,
      headers: JSON_TYPE,
      body: '{"error":"model \'evil\' not found, see /root/.ollama/models/manifests"}',
    });
    for (const start of [provider.complete, provider.stream]) {
      const { exchanges, fetch } = createScriptedFetch(upstream);
      const error = await failureOf(start(toCall(fetch)));
      expect(error).toMatchObject({ code: 'model_not_found', param: 'model', upstreamStatus: 404, retryable: false });
      expect(error.message).toContain('ollama pull llama3.1:8b');
      expect(error.message).not.toMatch(/evil|root/);
      expect(exchanges.map(({ url }) => url)).toEqual([`${ENDPOINT}/api/chat`]);
    }
  });

  test('by a page that is not Ollama speaks of the endpoint instead', async () => {
    const { fetch } = createScriptedFetch(() => ({ status: 404, body: '404 page not found' }));
    const error = await failureOf(provider.complete(toCall(fetch)));
    expect(error).toMatchObject({ code: 'model_not_found', message: expect.stringContaining('endpoint') });
    expect(error.message).not.toContain('pull');
  });

  test.each([
    [401, 'authentication'],
    [403, 'permission'],
  ])('by Cloud Run with the status %i names the role to grant', async (status, code) => {
    const { fetch } = createScriptedFetch(() => ({ status, body: `<html>${TOKEN}</html>` }));
    const error = await failureOf(provider.stream(toCall(fetch, { credential: TOKEN })));
    expect(error).toMatchObject({ code, upstreamStatus: status, message: expect.stringContaining('run.invoker') });
    expect(error.message).not.toContain(TOKEN);
  });

  test('with the path of a file in it is not shown', async () => {
    const body = '{"error":"unable to load model: /root/.ollama/models/blobs/sha256-0a1b"}';
    const { fetch } = createScriptedFetch(() => ({ status: 500, headers: JSON_TYPE, body }));
    const error = await failureOf(provider.complete(toCall(fetch)));
    expect(error).toMatchObject({ code: 'server_error', upstreamStatus: 500, retryable: true });
    expect(error.message).not.toMatch(/root|blobs|load/);
  });
});

describe('the list of models', () => {
  test('holds their names as the server gives them', async () => {
    const { exchanges, fetch } = createScriptedFetch(() => ({ headers: JSON_TYPE, body: load('tags.json') }));
    const names = await provider.listModels?.(toCall(fetch, { credential: TOKEN }));
    expect(names).toEqual(['phi3.5:3.8b-mini-instruct-q4_K_M', 'llama3.1:8b']);
    expect(exchanges).toMatchObject([
      { url: `${ENDPOINT}/api/tags`, method: 'GET', headers: { authorization: `Bearer ${TOKEN}` } },
    ]);
  });

  test.each([
    [403, '', 'permission'],
    [503, '', 'server_error'],
    [200, '<html>', 'server_error'],
    [200, '{"models":null}', 'server_error'],
  ])('is an error when the server answers %i %s', async (status, body, code) => {
    const { fetch } = createScriptedFetch(() => ({ status, body }));
    await expect(provider.listModels?.(toCall(fetch))).rejects.toMatchObject({ code });
  });
});

describe('availability', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test.each([
    [200, undefined],
    [204, 'server_error'],
    [302, 'server_error'],
    [401, 'authentication'],
    [403, 'permission'],
    [404, 'server_error'],
    [503, 'server_error'],
  ])('with the status %i is %s', async (status, code) => {
    const { exchanges, fetch } = createScriptedFetch(() => ({ status, body: '{"models":[]}' }));
    const fault = await provider.whyUnavailable?.(toCall(fetch));
    expect(fault?.code).toBe(code);
    expect(fault?.retryable ?? false).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
    expect(exchanges.map(({ method, url }) => `${method} ${url}`)).toEqual([`GET ${ENDPOINT}/api/tags`]);
  });

  test('names the role to grant when Cloud Run refuses', async () => {
    const { fetch } = createScriptedFetch(() => ({ status: 403, body: '<html>Forbidden</html>' }));
    const fault = await provider.whyUnavailable?.(toCall(fetch, { credential: TOKEN }));
    expect(fault).toMatchObject({ upstreamStatus: 403, message: expect.stringContaining('roles/run.invoker') });
  });

  test('names a connection that is refused, a target that is blocked and a missing endpoint', async () => {
    for (const code of ['network', 'blocked_url'] as const) {
      const fetch: HttpFetch = async () => {
        throw new AppError(code, 'No.');
      };
      await expect(provider.whyUnavailable?.(toCall(fetch))).resolves.toMatchObject({ code, retryable: false });
    }
    const { endpoint: _endpoint, ...nowhere } = toCall(createScriptedFetch(() => ({ body: '' })).fetch);
    await expect(provider.whyUnavailable?.(nowhere)).resolves.toMatchObject({ code: 'configuration' });
  });

  test('is decided within two seconds when the server never answers', async () => {
    const { fetch } = createScriptedFetch(() => 'hang');
    let decided: AppError | undefined;
    const probe = provider.whyUnavailable?.(toCall(fetch)).then((fault) => {
      decided = fault;
    });
    await vi.advanceTimersByTimeAsync(1_999);
    expect(decided).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    await probe;
    expect(decided).toMatchObject({ code: 'timeout' });
  });

  test('is decided at once when the caller goes away', async () => {
    const controller = new AbortController();
    const { fetch } = createScriptedFetch(() => 'hang');
    const probe = provider.whyUnavailable?.(toCall(fetch, { signal: controller.signal }));
    controller.abort();
    await expect(probe).resolves.toMatchObject({ code: 'cancelled' });
  });
});
