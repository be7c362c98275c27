import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HttpFetch } from '../../shared/contracts/http-fetch.ts';
import { createHttpClient, type HttpClient } from '../../shared/security/http-fetch.ts';
import { type AppServer, startAppServer } from '../support/app-server.ts';
import { createOllamaUpstream, type OllamaUpstream } from '../support/ollama-upstream.ts';
import { chat } from '../support/post.ts';
import { createScriptedServer, type ScriptedServer } from '../support/scripted-server.ts';
import { anthropicWire } from './clients/wires/anthropic.ts';
import { openaiWire } from './clients/wires/compatible.ts';
import { toAnswer } from './clients/wires/wire.ts';

const guide = (name: string): string =>
  readFileSync(join(import.meta.dirname, '../fixtures/guide', `${name}.yaml`), 'utf8');

const OLLAMA = 'http://localhost:11434';
const OPENAI = 'https://api.openai.com';
const ANTHROPIC = 'https://api.anthropic.com';

let home: OllamaUpstream;
let openai: ScriptedServer;
let anthropic: ScriptedServer;
let client: HttpClient;
let server: AppServer;
/** Origins as the app asked for them, one entry per request. */
let asked: string[];

beforeEach(async () => {
  home = await createOllamaUpstream();
  openai = await createScriptedServer(toAnswer(openaiWire, 'text'));
  anthropic = await createScriptedServer(toAnswer(anthropicWire, 'text'));
  client = createHttpClient();
  asked = [];
});

afterEach(async () => {
  await server.close();
  await client.close();
  await Promise.all([home, openai, anthropic].map((upstream) => upstream.close()));
});

/** The configuration of the guide as it stands there, with its three addresses leading to servers of the test. */
async function start(yaml: string): Promise<void> {
  const places: Readonly<Record<string, string>> = {
    [OLLAMA]: home.origin,
    [OPENAI]: openai.origin,
    [ANTHROPIC]: anthropic.origin,
  };
  const fetch: HttpFetch = (url, init) => {
    const { origin } = new URL(url);
    asked.push(origin);
    return client.fetch((places[origin] ?? 'http://127.0.0.1:1') + url.slice(origin.length), init);
  };
  const environment = { OPENAI_API_KEY: 'sk-test', ANTHROPIC_API_KEY: 'sk-ant-test' };
  server = await startAppServer({ yaml, environment, fetch, sleep: async () => {} });
}

describe('the quick start of the guide', () => {
  it('asks the local server for the model of its service, and nobody else, without any key', async () => {
    await start(guide('ollama-quick-start'));
    const { status, body } = await chat(server.url, 'local-assistant');
    expect(status).toBe(200);
    expect(body.sluice).toMatchObject({ provider: 'ollama', cost_usd: 0 });
    expect(new Set(asked)).toEqual(new Set([OLLAMA]));
    expect(home.requests.at(-1)?.json()).toMatchObject({
      model: 'phi3.5:3.8b-mini-instruct-q4_K_M',
      options: { temperature: 0.7, num_predict: 1000 },
    });
  });
});

describe('the hybrid inference of the guide', () => {
  it('stays at home while the local server answers, and costs nothing', async () => {
    await start(guide('hybrid-inference'));
    const { body } = await chat(server.url, 'resilient-agent');
    expect(body.sluice).toMatchObject({ provider: 'ollama', cost_usd: 0, attempts: [{ provider: 'ollama' }] });
    expect(home.paths()).toEqual(['/api/tags', '/api/chat']);
    expect(new Set(asked)).toEqual(new Set([OLLAMA]));
  });

  it.each([
    ['refuses', { finish: 'refuse' }, 'network'],
    ['answers with an error', { status: 500, body: 'x' }, 'server_error'],
    ['stays silent', { finish: 'silence' }, 'timeout'],
  ] as const)('goes to the next provider when the local server %s', async (_what, answer, code) => {
    await start(guide('hybrid-inference'));
    home.answer({ '/api/tags': answer });
    const { status, body } = await chat(server.url, 'resilient-agent');
    expect(status).toBe(200);
    expect(body.sluice).toMatchObject({ provider: 'openai', model: 'gpt-4-turbo', attempts: [{ code }, {}] });
    expect(home.paths()).toEqual(['/api/tags']);
  });

  it('goes to the third when the second fails too', async () => {
    await start(guide('hybrid-inference'));
    home.answer({ '/api/tags': { finish: 'refuse' } });
    openai.reply(...[1, 2, 3].map(() => ({ status: 500, body: {} })));
    const { status, body } = await chat(server.url, 'resilient-agent');
    expect(status).toBe(200);
    expect(body.sluice.attempts.map(({ provider }: { provider: string }) => provider)).toEqual([
      'ollama',
      'openai',
      'anthropic',
    ]);
    expect(anthropic.requests[0]?.json()).toMatchObject({ model: 'claude-3-haiku' });
  });

  it('never leaves home when privacy says so', async () => {
    await start(`${guide('hybrid-inference')}\nprivacy: {mode: local_only}\n`);
    home.answer({ '/api/chat': { status: 500, body: {} }, '/api/tags': { finish: 'refuse' } });
    const { status } = await chat(server.url, 'resilient-agent');
    expect(status).toBe(503);
    for (const model of ['openai/gpt-4o', 'anthropic/claude-3-haiku', 'gpt-4-turbo']) {
      expect((await chat(server.url, model)).status).toBe(404);
    }
    expect(new Set(asked)).toEqual(new Set([OLLAMA]));
    expect([...openai.requests, ...anthropic.requests]).toEqual([]);
  });
});

describe('an Ollama that the guard does not let through', () => {
  const cascade = (endpoint: string): string => `
agents:
  - {name: hybrid, providers: [{provider: ollama, model: m, endpoint: "${endpoint}"}, {provider: openai, model: gpt-4o, api_key: k, endpoint: "${openai.origin}/v1"}]}
  - {name: alone, provider: ollama, model: m, endpoint: "${endpoint}"}
`;

  it('is logged with its reason, passed over in a cascade, and 500 on its own, without the address', async () => {
    server = await startAppServer({ yaml: cascade('https://10.8.0.5') });
    const { body } = await chat(server.url, 'hybrid');
    expect(body.sluice).toMatchObject({ provider: 'openai', attempts: [{ code: 'blocked_url' }, {}] });
    const alone = await chat(server.url, 'alone');
    expect([alone.status, alone.body.error.code]).toEqual([500, 'blocked_url']);
    expect(JSON.stringify([body, alone.body])).not.toContain('10.8');
    const blocked = server.logged.filter(({ message }) => message === 'request blocked');
    expect(blocked.map(({ reason, target }) => [reason, target])).toEqual([
      ['private', 'ollama'],
      ['private', 'ollama'],
    ]);
  });
});
