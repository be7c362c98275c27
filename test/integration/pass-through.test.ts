import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AppServer, startAppServer } from '../support/app-server.ts';
import { createGate, createScriptedServer, type ScriptedServer } from '../support/scripted-server.ts';

const KEY = 'sk-test-MARKED';

function chunk(delta: Record<string, unknown>, finish: string | null = null): string {
  const data = {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: 'gpt-4o-mini-2024-07-18',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  };
  return `data: ${JSON.stringify(data)}\n\n`;
}

const COMPLETION = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'gpt-4o-mini-2024-07-18',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'Hi there', refusal: null },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 1000, completion_tokens: 500, total_tokens: 1500 },
};

describe('requests passed on to a server with the wire format of OpenAI', () => {
  let upstream: ScriptedServer;
  let server: AppServer;
  let client: OpenAI;

  beforeEach(async () => {
    upstream = await createScriptedServer();
    server = await startAppServer({
      environment: { OPENAI_API_KEY: KEY },
      yaml: `
agents:
  - name: assistant
    role: assistant
    prompt: You are brief.
    temperature: 0
    max_tokens: 100
    model: gpt-4o-mini
    provider: openai
    api_key: \${OPENAI_API_KEY}
    endpoint: ${upstream.origin}/v1
  - name: two-legs
    role: assistant
    retry: {max_attempts: 1}
    providers:
      - {provider: openai, model: gpt-4o-mini, api_key: "\${OPENAI_API_KEY}", endpoint: "${upstream.origin}/v1"}
      - {provider: local, model: extractive}
embeddings:
  provider: openai
  openai: {api_key: "\${OPENAI_API_KEY}", model: text-embedding-3-small, endpoint: "${upstream.origin}/v1", dimensions: 4}
vectorstore: {provider: memory, embedding_dimensions: 4}
`,
    });
    client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
  });

  afterEach(async () => {
    await server.close();
    await upstream.close();
  });

  it('sends the body with the agent’s defaults and prices the answer', async () => {
    upstream.reply({ body: COMPLETION });
    const completion = await client.chat.completions.create({
      model: 'assistant',
      messages: [{ role: 'user', content: 'Hello' }],
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }],
    });
    const request = await upstream.waitForRequest(0);
    expect(request.method).toBe('POST');
    expect(request.url).toBe('/v1/chat/completions');
    expect(request.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(request.json()).toEqual({
      model: 'gpt-4o-mini',
      temperature: 0,
      max_tokens: 100,
      messages: [
        { role: 'system', content: 'You are brief.' },
        { role: 'user', content: 'Hello' },
      ],
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }],
    });
    expect(completion.choices[0]?.message.content).toBe('Hi there');
    expect(completion).toMatchObject({
      sluice: {
        provider: 'openai',
        model: 'gpt-4o-mini',
        cached: false,
        cost_usd: 0.00045,
        attempts: [{ provider: 'openai' }],
      },
    });
    expect(JSON.stringify(server.logged)).not.toContain(KEY);
    expect(JSON.stringify(server.logged)).not.toContain('Hello');
  });

  it('keeps what the caller set over the agent’s defaults, zero included', async () => {
    upstream.reply({ body: COMPLETION });
    await client.chat.completions.create({
      model: 'assistant',
      temperature: 1,
      max_completion_tokens: 7,
      messages: [{ role: 'user', content: 'Hello' }],
    });
    expect((await upstream.waitForRequest(0)).json()).toMatchObject({ temperature: 1, max_completion_tokens: 7 });
  });

  it('lets the first token leave before the upstream sent the second', async () => {
    const gate = createGate();
    upstream.reply({
      headers: { 'content-type': 'text/event-stream' },
      pieces: [
        chunk({ role: 'assistant', content: '' }),
        chunk({ content: 'first' }),
        gate,
        chunk({ content: ' second' }),
        chunk({}, 'stop'),
        'data: [DONE]\n\n',
      ],
    });
    const stream = await client.chat.completions.create({
      model: 'openai/gpt-4o-mini',
      messages: [{ role: 'user', content: 'Hello' }],
      stream: true,
    });
    const texts: string[] = [];
    for await (const { choices } of stream) {
      const text = choices[0]?.delta.content;
      if (text) texts.push(text);
      // Only this opens the gate: had the first token been held back, the test would wait for ever.
      if (text === 'first') gate.open();
    }
    expect(texts).toEqual(['first', ' second']);
    expect((await upstream.waitForRequest(0)).json()).toMatchObject({
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it.each([true, false])('aborts the upstream when the client leaves (stream: %s)', async (stream) => {
    upstream.reply(
      stream
        ? {
            headers: { 'content-type': 'text/event-stream' },
            pieces: [chunk({ role: 'assistant', content: 'first' })],
            finish: 'hang',
          }
        : { finish: 'silence' },
    );
    const leave = new AbortController();
    const answer = client.chat.completions.create(
      { model: 'assistant', messages: [{ role: 'user', content: 'Hello' }], stream },
      { signal: leave.signal },
    );
    const request = await upstream.waitForRequest(0);
    if (stream) {
      for await (const _ of (await answer) as AsyncIterable<unknown>) {
        leave.abort();
        break;
      }
    } else {
      leave.abort();
      await expect(answer).rejects.toThrow();
    }
    await request.whenAborted;
    expect(request.aborted).toBe(true);
  });

  it('falls to the next leg when the first refuses, and says so', async () => {
    upstream.reply({ status: 503, body: { error: { message: `overloaded ${KEY}` } } });
    const completion = await client.chat.completions.create({
      model: 'two-legs',
      messages: [{ role: 'user', content: 'Hello' }],
    });
    expect(completion).toMatchObject({
      sluice: {
        provider: 'local',
        attempts: [
          { provider: 'openai', model: 'gpt-4o-mini', code: 'server_error' },
          { provider: 'local', model: 'extractive' },
        ],
      },
    });
  });

  it('falls to the next leg when an accepted stream fails before its first output', async () => {
    upstream.reply({
      headers: { 'content-type': 'text/event-stream' },
      pieces: [chunk({ role: 'assistant', content: '' }), 'data: {"error":{"message":"no capacity","code":503}}\n\n'],
    });
    const stream = await client.chat.completions.create({
      model: 'two-legs',
      messages: [{ role: 'user', content: 'Hello' }],
      stream: true,
    });
    let last: unknown;
    for await (const part of stream) last = part;
    expect(last).toMatchObject({ sluice: { provider: 'local' } });
  });

  it('ends a stream that breaks after its first output in an error, without another leg and without [DONE]', async () => {
    upstream.reply({
      headers: { 'content-type': 'text/event-stream' },
      pieces: [chunk({ role: 'assistant', content: 'first' })],
    });
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'two-legs', stream: true, messages: [{ role: 'user', content: 'Hello' }] }),
    });
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(text).toContain('"content":"first"');
    expect(text).toMatch(/event: error\ndata: \{"error":\{"message":.*\n\n$/);
    expect(text).not.toContain('[DONE]');
    expect(upstream.requests).toHaveLength(1);
  });

  it('passes the caller’s own mistakes back without trying another leg', async () => {
    upstream.reply({ status: 400, body: { error: { message: 'bad', type: 'invalid_request_error', param: 'seed' } } });
    const answer = client.chat.completions.create({
      model: 'two-legs',
      messages: [{ role: 'user', content: 'Hello' }],
    });
    await expect(answer).rejects.toMatchObject({ status: 400, param: 'seed' });
    expect(upstream.requests).toHaveLength(1);
  });

  it('answers 429 with the upstream’s Retry-After when every leg refused by its limits', async () => {
    upstream.reply({ status: 429, headers: { 'retry-after': '60' }, body: { error: { message: 'slow down' } } });
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'openai/gpt-4o-mini', messages: [{ role: 'user', content: 'Hello' }] }),
    });
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('60');
  });

  it('asks the upstream for float embeddings and encodes base64 itself', async () => {
    const embedding = [0.5, -0.5, 0.5, 0.5];
    upstream.reply({
      body: {
        object: 'list',
        model: 'm',
        data: [{ object: 'embedding', index: 0, embedding }],
        usage: { prompt_tokens: 1, total_tokens: 1 },
      },
    });
    const { data } = await client.embeddings.create({ model: 'text-embedding-3-small', input: 'x' });
    expect(data[0]?.embedding).toEqual(embedding);
    expect((await upstream.waitForRequest(0)).json()).toEqual({
      model: 'text-embedding-3-small',
      input: ['x'],
      encoding_format: 'float',
      dimensions: 4,
    });
  });
});
