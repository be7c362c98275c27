import { createHash } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { HttpFetch } from '../../../shared/contracts/http-fetch.ts';
import { createHttpClient } from '../../../shared/security/http-fetch.ts';
import { type Economy, type EconomyOptions, refuse, startEconomy } from '../../support/economy.ts';
import { createScriptedServer } from '../../support/scripted-server.ts';
import { TEXT } from '../clients/wires/wire.ts';

const IMAGE = { type: 'image_url', image_url: { url: 'https://images.example/cat.png' } };
const withParts = (...parts: readonly object[]) => ({ messages: [{ role: 'user', content: parts }] });
const TOOLS = { tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }] };
const long = (words: number) => ({ messages: [{ role: 'user', content: 'word '.repeat(words) }] });

function startRouted(blocks = ''): Promise<Economy> {
  const models = {
    agent: 'gpt-4o-mini',
    large: 'gpt-4o',
    seeing: 'gpt-4.1',
    handy: 'gpt-4.1-mini',
    europe: 'gpt-4.1-nano',
  };
  return startEconomy({
    upstreams: ['openai', 'ollama'],
    yaml: ({ openai, ollama }) => `
agents:
${Object.entries(models)
  .map(([name, model]) => `  - {name: ${name}, provider: openai, model: ${model}, api_key: k, endpoint: "${openai}"}`)
  .join('\n')}
  - {name: private, privacy: local_only, provider: ollama, model: qwen3, endpoint: "${ollama}"}
routing:
  rules:
    - {when: {images: true}, agent: seeing}
    - {when: {tools: true}, agent: handy}
    - {when: {region: [eu, europe-west1]}, agent: europe}
    - {when: {prompt_tokens_over: 1000}, agent: large}
${blocks}`,
  });
}

describe('routing rules', () => {
  test.each<
    [what: string, fields: Readonly<Record<string, unknown>>, headers: Readonly<Record<string, string>>, model: string]
  >([
    ['a short question', {}, {}, 'gpt-4o-mini'],
    ['a long one', long(3_000), {}, 'gpt-4o'],
    ['a picture', withParts({ type: 'text', text: 'What is this?' }, IMAGE), {}, 'gpt-4.1'],
    ['tools', TOOLS, {}, 'gpt-4.1-mini'],
    ['tools and a picture: the first rule wins', { ...TOOLS, ...withParts(IMAGE) }, {}, 'gpt-4.1'],
    ['a caller in a region', {}, { 'x-sluice-region': 'EU' }, 'gpt-4.1-nano'],
    ['a region as a load balancer says it', {}, { 'x-client-geo-location': 'europe-west1,Brussels' }, 'gpt-4.1-nano'],
    ['a part of a region', {}, { 'x-client-region': 'eu-north' }, 'gpt-4.1-nano'],
    ['another region', {}, { 'x-sluice-region': 'us' }, 'gpt-4o-mini'],
    ['a model by its own name', { ...TOOLS, model: 'openai/gpt-4o' }, {}, 'gpt-4o'],
  ])('send %s to its agent', async (_, fields, headers, model) => {
    const { chat, calls } = await startRouted();
    for (const stream of [false, true]) {
      const reply = await chat({ ...fields, stream }, headers);
      expect(reply.read.text).toBe(TEXT);
      expect(reply.headers.get('x-sluice-model')).toBe(model);
    }
    expect(calls.map((call) => call.model)).toEqual([model, model]);
  });

  test('hold in every dialect', async () => {
    const { post, calls } = await startRouted();
    const source = { type: 'url', url: IMAGE.image_url.url };
    await post('/v1/messages', {
      model: 'agent',
      max_tokens: 9,
      messages: [{ role: 'user', content: [{ type: 'image', source }] }],
    });
    await post('/v1/responses', { model: 'agent', store: false, input: 'word '.repeat(3_000) });
    await post('/v1/completions', { model: 'agent', prompt: 'Hello' });
    expect(calls.map(({ model }) => model)).toEqual(['gpt-4.1', 'gpt-4o', 'gpt-4o-mini']);
  });

  test('take nothing away from a machine of one’s own', async () => {
    const { chat, order } = await startRouted();
    await chat({ ...TOOLS, model: 'private' });
    expect(order()).toEqual(['ollama']);
  });

  test('give nobody an agent that the key is not for', async () => {
    const key_sha256 = createHash('sha256').update('the-key').digest('hex');
    const auth = `auth: {mode: api_key, keys: [{name: small, key_sha256: ${key_sha256}, models: [agent]}]}`;
    const { chat, calls } = await startRouted(auth);
    const headers = { authorization: 'Bearer the-key' };
    expect((await chat({}, headers)).status).toBe(200);
    expect((await chat(TOOLS, headers)).status).toBe(403);
    expect(calls).toHaveLength(1);
  });
});

describe('parameters that a leg has no equivalent for', () => {
  const start = () =>
    startEconomy({
      upstreams: ['anthropic', 'openai'],
      yaml: ({ anthropic, openai }) => `
agents:
  - name: agent
    retry: {max_attempts: 1}
    providers:
      - {provider: anthropic, model: claude-sonnet-4-5, api_key: k, endpoint: "${anthropic}"}
      - {provider: openai, model: gpt-5-mini, api_key: k, endpoint: "${openai}"}`,
    });

  test.each([false, true])(
    'are named when they are harmless, and nothing is said of others (streamed: %s)',
    async (stream) => {
      const { chat, calls, always } = await start();
      const reply = await chat({ stream, seed: 7, presence_penalty: 0.5, top_p: 0.9, frequency_penalty: 0 });
      expect(reply.headers.get('x-sluice-dropped-params')).toBe('seed, presence_penalty');
      expect(calls[0]?.body).toMatchObject({ top_p: 0.9 });
      expect((await chat({ stream, top_p: 0.9 })).headers.get('x-sluice-dropped-params')).toBeNull();
      always('anthropic', refuse(500));
      // A reasoning model's temperature is its own.
      const next = await chat({ stream, temperature: 0.2, seed: 7 });
      expect(next.headers.get('x-sluice-provider')).toBe('openai');
      expect(next.headers.get('x-sluice-dropped-params')).toBe('temperature');
      expect(calls.at(-1)?.body).toMatchObject({ seed: 7 });
    },
  );

  test('send the request to the next leg when the answer would mean something else', async () => {
    const { chat, order, always } = await start();
    const reply = await chat({ n: 2 });
    expect(reply.read.sluice?.attempts).toMatchObject([
      { provider: 'anthropic', code: 'unsupported' },
      { provider: 'openai' },
    ]);
    expect(order()).toEqual(['openai']);
    always('openai', refuse(500));
    expect((await chat({ n: 2 })).status).toBe(503);
    // Nobody in this cascade can: that is the caller's to know.
    const refused = await chat({ n: 2, stop: ['x'] });
    expect(refused).toMatchObject({ status: 400, json: { error: { code: 'unsupported' } } });
  });
});

describe('pictures by their address', () => {
  const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
  const start = (names: readonly string[], options: Partial<EconomyOptions> = {}) =>
    startEconomy({
      upstreams: names,
      yaml: (endpoints) => `
agents:
  - name: agent
    retry: {max_attempts: 1}
    providers:
${names.map((name) => `      - {provider: ${name}, model: llava-next, endpoint: "${endpoints[name]}"}`).join('\n')}`,
      ...options,
    });

  test.each([false, true])('reach Ollama as data, fetched once (streamed: %s)', async (stream) => {
    const images = await createScriptedServer({ headers: { 'content-type': 'image/png' }, body: PNG });
    onTestFinished(images.close);
    const client = createHttpClient();
    onTestFinished(client.close);
    const fetch: HttpFetch = (url, init) => client.fetch(url.replace('https://images.example', images.origin), init);
    const economy = await start(['ollama'], { fetch });
    const question = withParts({ type: 'text', text: 'What is this?' }, IMAGE, IMAGE);
    expect((await economy.chat({ ...question, stream })).read.text).toBe(TEXT);
    const data = PNG.toString('base64');
    expect(economy.calls[0]?.body).toMatchObject({ messages: [{ content: 'What is this?', images: [data, data] }] });
    expect(images.requests).toMatchObject([{ method: 'GET', url: '/cat.png' }]);
  });

  test('are not fetched from inside the network, and the next leg is asked', async () => {
    const inside = await createScriptedServer({ headers: { 'content-type': 'image/png' }, body: PNG });
    onTestFinished(inside.close);
    const question = withParts({ type: 'image_url', image_url: { url: `${inside.origin}/cat.png` } });
    const economy = await start(['ollama', 'vllm']);
    const reply = await economy.chat(question);
    expect(reply.read.sluice?.attempts).toMatchObject([
      { provider: 'ollama', code: 'unsupported' },
      { provider: 'vllm' },
    ]);
    expect(inside.requests).toEqual([]);
    const alone = await start(['ollama']);
    expect(await alone.chat(question)).toMatchObject({
      status: 400,
      json: { error: { code: 'unsupported', param: 'messages[0].content[0].image_url.url' } },
    });
  });
});
