import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createOllamaClient } from '../../../shared/providers/ollama-client.ts';
import { createScriptedFetch, type ScriptedUpstream } from '../../contracts/scripted-fetch.ts';

const MODEL = 'phi3.5:3.8b-mini-instruct-q4_K_M';
const ENDPOINT = 'http://localhost:11434';

function load(name: string): string {
  return readFileSync(new URL(`../../fixtures/providers/ollama/${name}`, import.meta.url), 'utf8');
}

const server: ScriptedUpstream = ({ url }) => {
  const answers: Readonly<Record<string, string>> = {
    [`${ENDPOINT}/api/tags`]: 'tags.json',
    [`${ENDPOINT}/api/generate`]: 'generated.json',
    [`${ENDPOINT}/api/chat`]: 'answer.json',
  };
  const name = answers[url];
  return name === undefined ? { status: 404, body: '404 page not found' } : { body: load(name) };
};

function createClient(upstream: ScriptedUpstream = server, options: { credential?: () => Promise<string> } = {}) {
  const { exchanges, fetch } = createScriptedFetch(upstream);
  return { exchanges, client: createOllamaClient({ endpoint: ENDPOINT, fetch, ...options }) };
}

test('a program finds the server, lists its models, generates and chats', async () => {
  const { exchanges, client } = createClient();

  expect(await client.available()).toBe(true);
  expect(await client.listModels()).toEqual([
    { name: MODEL, size: 2_393_232_672 },
    { name: 'llama3.1:8b', size: 4_920_753_328 },
  ]);

  const generated = await client.generate({
    model: MODEL,
    prompt: 'Explain quantum computing in simple terms.',
    maxTokens: 500,
    temperature: 0.7,
    stop: ['\n\n'],
  });
  expect(generated).toMatchObject({
    text: 'Qubits hold both values at once.',
    usage: { promptTokens: 12, completionTokens: 30, totalTokens: 42 },
  });

  const answer = await client.chat(MODEL, [{ role: 'user', content: 'What is Sluice?' }], { temperature: 0 });
  expect(answer).toEqual({
    model: 'llama3.1:8b',
    text: 'Grüße, 世界 🌍',
    toolCalls: [],
    finishReason: 'stop',
    usage: { promptTokens: 12, completionTokens: 30, totalTokens: 42 },
  });

  expect(exchanges.map(({ method, url, body }) => [method, url, body === '' ? undefined : JSON.parse(body)])).toEqual([
    ['GET', `${ENDPOINT}/api/tags`, undefined],
    ['GET', `${ENDPOINT}/api/tags`, undefined],
    [
      'POST',
      `${ENDPOINT}/api/generate`,
      {
        model: MODEL,
        prompt: 'Explain quantum computing in simple terms.',
        stream: false,
        truncate: false,
        options: { temperature: 0.7, num_predict: 500, stop: ['\n\n'] },
      },
    ],
    [
      'POST',
      `${ENDPOINT}/api/chat`,
      {
        model: MODEL,
        messages: [{ role: 'user', content: 'What is Sluice?' }],
        stream: false,
        truncate: false,
        options: { temperature: 0 },
      },
    ],
  ]);
});

test('tool calls and thinking of a chat are given beside its text', async () => {
  const message = {
    content: '',
    thinking: 'Hm.',
    tool_calls: [{ id: 'call_1', function: { name: 'f', arguments: {} } }],
  };
  const { client } = createClient(() => ({ body: JSON.stringify({ message, done: true, done_reason: 'stop' }) }));
  expect(await client.chat(MODEL, [{ role: 'user', content: 'Go' }])).toEqual({
    model: MODEL,
    text: '',
    reasoning: 'Hm.',
    toolCalls: [{ id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } }],
    finishReason: 'tool_calls',
    usage: { promptTokens: 0, completionTokens: 0, totalTokens: 0 },
  });
});

describe('the token', () => {
  test('is asked for anew with each call and sent to the server', async () => {
    let asked = 0;
    const { exchanges, client } = createClient(server, { credential: async () => `token-${++asked}` });
    await client.listModels();
    await client.generate({ model: MODEL, prompt: 'Hi' });
    expect(exchanges.map(({ headers }) => headers.authorization)).toEqual(['Bearer token-1', 'Bearer token-2']);
  });

  test('that cannot be had means that the server is not available', async () => {
    const { exchanges, client } = createClient(server, { credential: () => Promise.reject(new Error('no identity')) });
    expect(await client.available()).toBe(false);
    expect(exchanges).toEqual([]);
  });
});

test('a server that is down is not available, and a model that is missing says how to pull it', async () => {
  expect(await createClient(() => ({ status: 503, body: '' })).client.available()).toBe(false);
  const missing = createClient(() => ({ status: 404, body: '{"error":"model not found"}' })).client;
  const pull = { code: 'model_not_found', message: expect.stringContaining(`ollama pull ${MODEL}`) };
  await expect(missing.generate({ model: MODEL, prompt: 'Hi' })).rejects.toMatchObject(pull);
  await expect(missing.chat(MODEL, [{ role: 'user', content: 'Hi' }])).rejects.toMatchObject(pull);
});

test('a call ends when its caller aborts it', async () => {
  const controller = new AbortController();
  const { client } = createClient(() => 'hang');
  const pending = client.generate({ model: MODEL, prompt: 'Hi' }, { signal: controller.signal });
  controller.abort();
  await expect(pending).rejects.toMatchObject({ code: 'cancelled' });
});
