import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChatCall, ChatProvider, ChatRequest } from '../../../shared/contracts/chat-provider.ts';
import { chatProviders } from '../../../shared/providers/registry.ts';
import { createHttpClient, type HttpClient } from '../../../shared/security/http-fetch.ts';
import { collectEvents, toChatCall } from '../../support/chat-call.ts';
import { createScriptedServer, type RecordedRequest, type ScriptedServer } from '../../support/scripted-server.ts';

const text = readFileSync(new URL('../../fixtures/providers/openai/text.json', import.meta.url), 'utf8');
const stream = readFileSync(new URL('../../fixtures/providers/openai/text.sse', import.meta.url), 'utf8');

const WEATHER_TOOL = {
  type: 'function',
  function: {
    name: 'weather',
    strict: true,
    parameters: {
      type: 'object',
      properties: { city: { $ref: '#/$defs/city' } },
      $defs: { city: { type: 'string' } },
      required: ['city'],
      additionalProperties: false,
    },
  },
} as const;

const REQUESTS: Record<string, Omit<ChatRequest, 'model'>> = {
  'plain text with temperature 0': { messages: [{ role: 'user', content: 'Hello' }], temperature: 0 },
  tools: {
    messages: [{ role: 'user', content: 'Weather?' }],
    tools: [WEATHER_TOOL as never],
    tool_choice: { type: 'function', function: { name: 'weather' } },
    parallel_tool_calls: false,
  },
  'tool results': {
    messages: [
      { role: 'user', content: 'Weather?' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: 'call_a', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
          { id: 'call_b', type: 'function', function: { name: 'weather', arguments: '{"city":"Rome"}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'call_a', content: '{"temperature":-3}' },
      { role: 'tool', tool_call_id: 'call_b', content: [{ type: 'text', text: 'mild' }] },
    ],
  },
  'an image': {
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=', detail: 'low' } },
          { type: 'image_url', image_url: { url: 'https://example.com/cat.png' } },
        ],
      },
    ],
  },
  'a JSON schema': {
    messages: [{ role: 'user', content: 'Who?' }],
    response_format: {
      type: 'json_schema',
      json_schema: {
        name: 'person',
        strict: true,
        schema: { $defs: { n: { type: 'string' } }, type: 'object', properties: { name: { $ref: '#/$defs/n' } } },
      },
    },
  },
  'everything that steers sampling': {
    messages: [{ role: 'user', content: 'Hello', name: 'ada' }],
    top_p: 0,
    seed: 0,
    stop: ['\n\n'],
    n: 2,
    logprobs: true,
    top_logprobs: 2,
    presence_penalty: 0,
    frequency_penalty: -1,
    reasoning_effort: 'low',
    max_tokens: 10,
  },
};

describe.each(['openai', 'xai', 'vllm', 'huggingface'])('a request to %s', (id) => {
  let server: ScriptedServer;
  let client: HttpClient;
  let provider: ChatProvider;

  beforeAll(async () => {
    server = await createScriptedServer();
    client = createHttpClient();
    provider = await (chatProviders[id] as () => Promise<ChatProvider>)();
  });

  afterAll(async () => {
    await client.close();
    await server.close();
  });

  const call = (fields: Partial<ChatCall> = {}): ChatCall =>
    toChatCall({ fetch: client.fetch, endpoint: `${server.origin}/base/v1`, ...fields });

  const lastRequest = (): RecordedRequest => server.requests.at(-1) as RecordedRequest;

  it.each(Object.entries(REQUESTS))('with %s is sent as it came', async (_, request) => {
    server.reply({ body: text, headers: { 'content-type': 'application/json' } });
    await provider.complete(call({ request: { model: 'agent', ...request } }));
    expect(lastRequest()).toMatchObject({ method: 'POST', url: '/base/v1/chat/completions' });
    expect(lastRequest().headers).toMatchObject({
      authorization: 'Bearer sk-test-key',
      'content-type': 'application/json',
      accept: 'application/json',
    });
    expect(lastRequest().json()).toEqual({ ...request, model: 'model-1' });
  });

  it('that streams asks for usage and differs in nothing else', async () => {
    const request = REQUESTS.tools as Omit<ChatRequest, 'model'>;
    server.reply({ body: stream, headers: { 'content-type': 'text/event-stream' } });
    await collectEvents(await provider.stream(call({ request: { model: 'agent', ...request } })));
    expect(lastRequest().headers.accept).toBe('text/event-stream');
    expect(lastRequest().json()).toEqual({
      ...request,
      model: 'model-1',
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('does not change what it was given', async () => {
    const request: ChatRequest = structuredClone({ model: 'agent', ...REQUESTS['tool results'] } as ChatRequest);
    Object.assign(request.messages[1] as object, { reasoning_content: 'hm', thinking_blocks: [] });
    const before = structuredClone(request);
    server.reply({ body: text, headers: { 'content-type': 'application/json' } });
    await provider.complete(call({ request }));
    expect(request).toEqual(before);
  });

  it('carries no key when there is none', async () => {
    server.reply({ body: text, headers: { 'content-type': 'application/json' } });
    const { credential: _credential, ...keyless } = call();
    await provider.complete(keyless);
    expect(lastRequest().headers.authorization).toBeUndefined();
  });

  it('takes an endpoint with a slash at its end', async () => {
    server.reply({ body: text, headers: { 'content-type': 'application/json' } });
    await provider.complete(call({ endpoint: `${server.origin}/v1/` }));
    expect(lastRequest().url).toBe('/v1/chat/completions');
  });

  it('for the list of models goes through the given transport', async () => {
    server.reply({
      body: {
        object: 'list',
        data: [
          { id: 'b', object: 'model' },
          { id: 'a', object: 'model' },
        ],
      },
    });
    expect(await provider.listModels?.(call())).toEqual(['b', 'a']);
    expect(lastRequest()).toMatchObject({ method: 'GET', url: '/base/v1/models' });
    expect(lastRequest().headers.authorization).toBe('Bearer sk-test-key');
  });

  it('for the list of models fails with the code of the status', async () => {
    server.reply({ status: 401, body: { error: { message: 'bad key sk-test-key' } } });
    await expect(provider.listModels?.(call())).rejects.toMatchObject({
      name: 'AppError',
      code: 'authentication',
      message: expect.not.stringContaining('sk-test-key'),
    });
  });
});

describe('where requests go without an endpoint', () => {
  it.each([
    ['openai', 'https://api.openai.com/v1/chat/completions'],
    ['xai', 'https://api.x.ai/v1/chat/completions'],
    ['huggingface', 'https://router.huggingface.co/v1/chat/completions'],
  ])('is the address of %s', async (id, address) => {
    const provider = await (chatProviders[id] as () => Promise<ChatProvider>)();
    const urls: string[] = [];
    const fetch: ChatCall['fetch'] = async (url) => {
      urls.push(url);
      return {
        status: 200,
        ok: true,
        headers: { get: () => null },
        text: async () => text,
        chunks: () => {
          throw new Error('not streamed');
        },
      };
    };
    await provider.complete(toChatCall({ fetch }));
    expect(urls).toEqual([address]);
  });

  it('is nowhere for vllm, which says what to set', async () => {
    const provider = await (chatProviders.vllm as () => Promise<ChatProvider>)();
    const fetch: ChatCall['fetch'] = () => Promise.reject(new Error('must not be called'));
    await expect(provider.complete(toChatCall({ fetch }))).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('endpoint'),
    });
  });
});
