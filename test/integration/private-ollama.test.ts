import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppOptions } from '../../shared/app/create-app.ts';
import { createOutgoing } from '../../shared/app/outgoing.ts';
import { createIdTokenSource } from '../../shared/security/id-token.ts';
import { type AppServer, startAppServer } from '../support/app-server.ts';
import { createOllamaUpstream, type OllamaUpstream } from '../support/ollama-upstream.ts';
import { chat, post } from '../support/post.ts';
import {
  createScriptedServer,
  type RecordedRequest,
  type ScriptedAnswer,
  type ScriptedServer,
} from '../support/scripted-server.ts';
import { openaiWire } from './clients/wires/compatible.ts';
import { toAnswer } from './clients/wires/wire.ts';

const CLOUD_KEY = 'sk-cloudkeymark';
const BLOB = '/root/.ollama/models/blobs/sha256-0a1b';

let home: OllamaUpstream;
let cloud: ScriptedServer;
let server: AppServer;
let audiences: string[];

beforeEach(async () => {
  home = await createOllamaUpstream();
  cloud = await createScriptedServer(toAnswer(openaiWire, 'text'));
  audiences = [];
});

afterEach(async () => {
  await server.close();
  await home.close();
  await cloud.close();
});

async function start(agents: readonly string[], options: Omit<AppOptions, 'environment' | 'log'> = {}): Promise<void> {
  server = await startAppServer({
    yaml: `agents:\n${agents.map((agent) => `  - {${agent}}\n`).join('')}`,
    idTokens: createIdTokenSource({
      openClient: async () => ({
        fetchIdToken: async (audience: string) => {
          audiences.push(audience);
          return `idtokenmark-${audiences.length}`;
        },
      }),
    }),
    ...options,
  });
}

const atHome = (fields = ''): string =>
  `provider: ollama, model: phi3.5, endpoint: "${home.origin}", auth: id_token${fields}`;
const inCloud = (): string => `provider: openai, model: gpt-4o, api_key: ${CLOUD_KEY}, endpoint: "${cloud.origin}/v1"`;
const hybrid = (): string => `name: hybrid, providers: [{${atHome()}}, {${inCloud()}}]`;

const tokens = (): (string | undefined)[] => home.requests.map(({ headers }) => headers.authorization);

describe('the ID token', () => {
  it('is made for the configured origin, goes there and nowhere else, and is never logged', async () => {
    await start([hybrid()], { sleep: async () => {} });
    home.answer({ '/api/chat': { status: 500, body: { error: 'x' } } });
    const { status, body } = await chat(server.url, 'hybrid');
    expect(status).toBe(200);
    expect(
      body.sluice.attempts.map(({ provider, code }: { provider: string; code?: string }) => [provider, code]),
    ).toEqual([
      ['ollama', 'server_error'],
      ['openai', undefined],
    ]);
    expect(audiences).toEqual([home.origin]);
    expect(new Set(tokens())).toEqual(new Set(['Bearer idtokenmark-1']));
    expect(cloud.requests.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${CLOUD_KEY}`]);
    expect(JSON.stringify(server.logged)).not.toContain('idtokenmark');
  });

  it('that is refused is renewed once, although the probe was refused it too', async () => {
    await start([hybrid()]);
    const refuse = ({ headers }: RecordedRequest, answer: ScriptedAnswer): ScriptedAnswer =>
      headers.authorization === 'Bearer idtokenmark-1' ? { status: 401 } : answer;
    home.answer({
      '/api/tags': (request) => refuse(request, { body: { models: [] } }),
      '/api/chat': (request) => refuse(request, { body: { message: { content: 'Hello' }, done: true } }),
    });
    const { body } = await chat(server.url, 'hybrid');
    expect(body.sluice.provider).toBe('ollama');
    expect(home.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ['/api/tags', 'Bearer idtokenmark-1'],
      ['/api/chat', 'Bearer idtokenmark-1'],
      ['/api/chat', 'Bearer idtokenmark-2'],
    ]);
    expect(cloud.requests).toEqual([]);
  });
});

describe('a service that may not be called', () => {
  it('is passed over, with the role to grant in the log, and asked again ten seconds later', async () => {
    let nowMs = 0;
    await start([hybrid()], { monotonicNow: () => nowMs });
    home.answer({ '/api/tags': { status: 403, body: '<html>Forbidden</html>' } });
    for (let request = 0; request < 3; request += 1) {
      const { body } = await chat(server.url, 'hybrid');
      expect(body.sluice).toMatchObject({ provider: 'openai', attempts: [{ code: 'permission' }, {}] });
    }
    expect(home.paths()).toEqual(['/api/tags']);
    const failed = server.logged.filter(({ message }) => message === 'leg failed');
    expect(failed[0]).toMatchObject({
      severity: 'WARNING',
      provider: 'ollama',
      code: 'permission',
      upstream_status: 403,
    });
    expect(JSON.stringify(failed[0])).toContain('roles/run.invoker');
    home.answer({ '/api/tags': { body: { models: [] } } });
    nowMs += 10_000;
    expect((await chat(server.url, 'hybrid')).body.sluice.provider).toBe('ollama');
  });
});

describe('a service that is starting', () => {
  const STARTING = { status: 503, body: 'no instance' };

  it('is waited for when nobody else can answer', async () => {
    const waits: number[] = [];
    await start([`name: alone, ${atHome()}`], {
      random: () => 0.5,
      sleep: async (delayMs) => {
        waits.push(delayMs);
        if (waits.length === 6) home.answer({ '/api/chat': { body: { message: { content: 'Awake' }, done: true } } });
      },
    });
    home.answer({ '/api/chat': STARTING });
    const { status, body } = await chat(server.url, 'alone');
    expect([status, body.choices?.[0].message.content]).toEqual([200, 'Awake']);
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
    expect(new Set(home.paths())).toEqual(new Set(['/api/chat']));
  });

  it('is asked as often as is written, where that is written', async () => {
    await start([`name: alone, retry: {max_attempts: 2}, ${atHome()}`], { sleep: async () => {} });
    home.answer({ '/api/chat': STARTING });
    expect((await chat(server.url, 'alone')).status).toBe(503);
    expect(home.paths()).toEqual(['/api/chat', '/api/chat']);
  });

  it('is left to start when another leg can answer', async () => {
    await start([hybrid()]);
    home.answer({ '/api/tags': STARTING });
    expect((await chat(server.url, 'hybrid')).body.sluice).toMatchObject({
      provider: 'openai',
      attempts: [{ code: 'server_error' }, {}],
    });
    expect(home.paths()).toEqual(['/api/tags']);
  });

  it('may take as long for its first byte as the leg may, and no longer', async () => {
    await start([`name: alone, retry: {max_attempts: 1}, timeout: 60ms, ${atHome()}`]);
    home.answer({ '/api/chat': { finish: 'silence' } });
    const { status, body } = await chat(server.url, 'alone');
    expect([status, body.error.code]).toEqual([504, 'timeout']);
  });
});

describe('what callers can do', () => {
  it('does not include choosing where requests go', async () => {
    await start([hybrid()]);
    for (const field of ['ollama_url', 'base_url', 'endpoint', 'api_key', 'headers']) {
      const { status, body } = await chat(server.url, 'hybrid', { [field]: 'https://attacker.example' });
      expect([status, body.error.param]).toEqual([400, field]);
    }
    expect([...home.requests, ...cloud.requests]).toEqual([]);
  });

  it('does not include a path, a header or an address in a model’s name', async () => {
    await start([hybrid()]);
    for (const model of [
      '../../x?y#z',
      '../api/pull',
      'm\r\nHost: x',
      '/etc/passwd',
      '..',
      'a b',
      'm%2f..',
      'http://x/m',
    ]) {
      expect([(await chat(server.url, `ollama/${model}`)).status, model]).toEqual([404, model]);
    }
    expect(home.requests).toEqual([]);
  });

  it.each([
    '/api/pull',
    '/api/create',
    '/api/delete',
    '/api/push',
    '/api/copy',
    '/api/chat?x=1',
    '/api/chat/../pull',
    '/api//chat',
    '/v1/models',
  ])('does not include %s, which the way out refuses', async (path) => {
    await start([hybrid()]);
    const blocked: unknown[] = [];
    const outgoing = createOutgoing({
      production: false,
      telemetry: { requestBlocked: (event) => void blocked.push(event) },
    });
    const toOllama = outgoing.fetchFor('ollama', { endpoint: home.origin, allowedCidrs: [] });
    await expect(toOllama(home.origin + path, { method: 'POST', body: '{}' })).rejects.toMatchObject({
      code: 'blocked_url',
    });
    await outgoing.close();
    expect(blocked).toEqual([{ reason: 'path', target: 'ollama' }]);
    expect(home.requests).toEqual([]);
  });
});

describe('an answer from home', () => {
  it('has its tokens, costs nothing, and is loaded as its leg says', async () => {
    await start([`name: alone, ${atHome(', keep_alive: 30m, num_ctx: 8192')}`]);
    const { body } = await chat(server.url, 'alone');
    expect(body.usage).toEqual({ prompt_tokens: 12, completion_tokens: 30, total_tokens: 42 });
    expect(body.sluice).toMatchObject({ provider: 'ollama', cost_usd: 0 });
    expect(home.requests[0]?.json()).toMatchObject({ keep_alive: '30m', options: { num_ctx: 8192 } });
  });

  it('that fails shows nothing of the server’s disk, to callers and in the log', async () => {
    await start([`name: alone, retry: {max_attempts: 1}, ${atHome()}`]);
    home.answer({ '/api/chat': { status: 500, body: { error: `unable to load model: ${BLOB}` } } });
    const { status, text } = await chat(server.url, 'alone');
    expect(status).toBe(503);
    expect(text + JSON.stringify(server.logged)).not.toMatch(/blobs|root|sha256/);
  });

  it('is refused with the command to run when the model was never pulled', async () => {
    await start([`name: alone, ${atHome()}`]);
    home.answer({ '/api/chat': { status: 404, body: { error: 'model not found' } } });
    const { status, body } = await chat(server.url, 'alone');
    expect([status, body.error.code]).toEqual([404, 'model_not_found']);
    expect(body.error.message).toContain('ollama pull phi3.5');
    expect(home.paths()).toEqual(['/api/chat']);
  });
});

describe('a text completion', () => {
  const complete = (model: string, fields: object = {}) =>
    post(`${server.url}/v1/completions`, {
      model,
      prompt: 'Hi, ',
      max_tokens: 500,
      temperature: 0.7,
      stop: ['\n\n'],
      ...fields,
    });
  const written = { num_predict: 500, temperature: 0.7, stop: ['\n\n'] };

  it('is continued by Ollama from the prompt itself, with what the agent says before it', async () => {
    await start([`name: alone, prompt: Be kind., ${atHome()}`]);
    const { body } = await complete('alone', { echo: true, suffix: ' Bye.' });
    expect(home.requests.map(({ url, json }) => [url, json()])).toEqual([
      [
        '/api/generate',
        {
          model: 'phi3.5',
          prompt: 'Hi, ',
          suffix: ' Bye.',
          system: 'Be kind.',
          stream: false,
          truncate: false,
          options: written,
        },
      ],
    ]);
    expect(body).toMatchObject({
      object: 'text_completion',
      choices: [{ text: 'Hi, Hello from home.', finish_reason: 'stop' }],
      usage: { total_tokens: 42 },
    });
  });

  it('is streamed', async () => {
    await start([`name: alone, ${atHome()}`]);
    const { text } = await complete('alone', { stream: true });
    const texts = [...text.matchAll(/^data: (\{.*\})$/gm)].map(
      ([, json]) => JSON.parse(json as string).choices[0]?.text,
    );
    expect(texts).toEqual(['Hello ', 'from home.', '']);
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(home.requests[0]?.json()).toEqual({
      model: 'phi3.5',
      prompt: 'Hi, ',
      stream: true,
      truncate: false,
      options: written,
    });
  });

  it('with a suffix is written by the leg that can, and refused where none can', async () => {
    await start([`name: either, providers: [{${inCloud()}}, {${atHome()}}]`, `name: remote, ${inCloud()}`]);
    expect((await complete('either', { suffix: 'end' })).body.sluice.provider).toBe('ollama');
    const { status, body } = await complete('remote', { suffix: 'end' });
    expect([status, body.error.param]).toEqual([400, 'suffix']);
    expect(cloud.requests).toEqual([]);
    expect((await complete('remote')).status).toBe(200);
    expect(cloud.requests[0]?.json()).not.toHaveProperty('text_completion');
  });
});
