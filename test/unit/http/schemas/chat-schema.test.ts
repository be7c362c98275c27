import { readFileSync } from 'node:fs';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/contracts/app-error.ts';
import { chatSchema } from '../../../../shared/http/schemas/chat-schema.ts';
import { parseRequest } from '../../../../shared/http/validation.ts';

const user = { role: 'user', content: 'Hello' };
const weather = {
  type: 'function',
  function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
};
const call = { id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } };

/** What is wrong with a request, or undefined when it is accepted. */
function problem(body: unknown): string | undefined {
  try {
    parseRequest(chatSchema, body);
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return error.message;
    throw error;
  }
}

const withMessages = (...messages: unknown[]) => ({ model: 'm', messages });

describe('the chat request', () => {
  it('knows every parameter that the OpenAI client knows', () => {
    const declarations = readFileSync(
      new URL(import.meta.resolve('openai/resources/chat/completions/completions.mjs').replace(/\.mjs$/, '.d.ts')),
      'utf8',
    );
    const start = declarations.indexOf('interface ChatCompletionCreateParamsBase');
    const body = declarations.slice(start, declarations.indexOf('\n}\n', start));
    const parameters = [...body.matchAll(/^ {4}(\w+)\??:/gm)].map(([, name]) => name as string);
    expect(parameters.length).toBeGreaterThan(30);
    expect(parameters.filter((name) => !Object.hasOwn(chatSchema.shape, name))).toEqual([]);
  });

  it('takes null for every optional parameter, as clients send for "not set"', () => {
    const own = new Set(['model', 'messages', 'sluice']);
    for (const name of Object.keys(chatSchema.shape).filter((parameter) => !own.has(parameter))) {
      expect(problem({ ...withMessages(user), [name]: null }), name).toBeUndefined();
    }
  });

  it.each([
    'api_key',
    'apiKey',
    'base_url',
    'baseURL',
    'headers',
    'extra_headers',
    'endpoint',
    'url',
    'provider',
    'project',
  ])('does not take %s', (name) => {
    expect(problem({ ...withMessages(user), [name]: 'x' })).toBe(`Unrecognized request argument: ${name}.`);
  });

  it.each([
    ['text', user],
    ['a name', { ...user, name: 'Ada' }],
    ['parts', { role: 'user', content: [{ type: 'text', text: 'a' }] }],
    ['an image', { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }] }],
    [
      'an image with its detail',
      { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://x.example/a.png', detail: 'low' } }] },
    ],
    ['sound', { role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } }] }],
    [
      'a file',
      { role: 'user', content: [{ type: 'file', file: { filename: 'a.pdf', file_data: 'data:;base64,AA' } }] },
    ],
    ['system text', { role: 'system', content: 'Be brief.' }],
    ['developer parts', { role: 'developer', content: [{ type: 'text', text: 'Be brief.' }] }],
    ['an answer', { role: 'assistant', content: 'Hi' }],
    ['a refusal', { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] }],
    ['an empty answer beside a call', { role: 'assistant', content: '', tool_calls: [call] }],
    ['a call without content', { role: 'assistant', tool_calls: [call] }],
    ['a call with null content', { role: 'assistant', content: null, tool_calls: [call] }],
    [
      'a custom call',
      { role: 'assistant', tool_calls: [{ id: 'c', type: 'custom', custom: { name: 'f', input: '' } }] },
    ],
    ['a tool result', { role: 'tool', tool_call_id: 'call_1', content: '{"temp":3}' }],
    ['a tool result in parts', { role: 'tool', tool_call_id: 'call_1', content: [{ type: 'text', text: '3' }] }],
    ['a named tool result', { role: 'tool', tool_call_id: 'call_1', name: 'get_weather', content: '3' }],
    ['a function result', { role: 'function', name: 'f', content: null }],
    [
      'a message as the API answered it',
      {
        role: 'assistant',
        content: null,
        refusal: null,
        annotations: [],
        audio: null,
        function_call: null,
        tool_calls: [call],
      },
    ],
    ['no calls at all, written out', { role: 'assistant', content: 'Hi', tool_calls: null, name: null }],
    [
      'thinking to hand back',
      {
        role: 'assistant',
        content: null,
        reasoning_content: 'hm',
        thinking_blocks: [
          { type: 'thinking', thinking: 'hm', signature: 's' },
          { type: 'redacted_thinking', data: 'x' },
        ],
        tool_calls: [{ ...call, index: 0, extra_content: { google: { thought_signature: 's' } } }],
      },
    ],
    [
      'a cache mark',
      { role: 'user', content: [{ type: 'text', text: 'a', cache_control: { type: 'ephemeral', ttl: '1h' } }] },
    ],
  ])('takes a message with %s', (_, message) => {
    expect(problem(withMessages(message))).toBeUndefined();
  });

  it.each([
    ['no role', { content: 'x' }],
    ['a role of its own', { role: 'wizard', content: 'x' }],
    ['no content', { role: 'user' }],
    ['null content', { role: 'user', content: null }],
    ['no parts', { role: 'user', content: [] }],
    ['an image in the system prompt', { role: 'system', content: [{ type: 'image_url', image_url: { url: 'x' } }] }],
    ['a result for no call', { role: 'tool', content: 'x' }],
    [
      'a call without a name',
      { role: 'assistant', tool_calls: [{ id: 'c', type: 'function', function: { arguments: '' } }] },
    ],
    [
      'a call without an id',
      { role: 'assistant', tool_calls: [{ type: 'function', function: { name: 'f', arguments: '' } }] },
    ],
    [
      'arguments that are no text',
      { role: 'assistant', tool_calls: [{ ...call, function: { name: 'f', arguments: {} } }] },
    ],
    ['a field of its own', { ...user, foo: 1 }],
  ])('refuses a message with %s', (_, message) => {
    expect(problem(withMessages(message))).toBeDefined();
  });

  it.each([
    ['temperature', [0, 1, 2], [-0.1, 2.1, '1']],
    ['top_p', [0, 1], [-0.1, 1.1]],
    ['n', [1, 128], [0, 129, 1.5]],
    ['max_tokens', [1, 1e6], [0, -1, 1.5]],
    ['max_completion_tokens', [1], [0, 1.5]],
    ['stop', ['\n', ['a', 'b'], []], [3, [1]]],
    ['seed', [0, -5], [1.5]],
    ['tools', [[], [weather]], [[{}], [{ ...weather, type: 'x' }]]],
    [
      'tool_choice',
      ['none', 'auto', 'required', { type: 'function', function: { name: 'f' } }],
      ['x', { type: 'function' }],
    ],
    [
      'response_format',
      [{ type: 'text' }, { type: 'json_object' }],
      [{ type: 'xml' }, { type: 'json_schema' }, 'json'],
    ],
    ['reasoning_effort', ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'], ['extreme']],
    ['logit_bias', [{}, { '50256': -100 }], [{ a: 'x' }]],
    ['metadata', [{}, { a: 'b' }], [{ a: 1 }]],
    ['stream_options', [{ include_usage: true }, {}], [{ foo: 1 }]],
    ['model', ['a', 'provider/model', 'x'.repeat(256)], ['', 'x'.repeat(257), 5]],
    [
      'sluice',
      [
        {},
        { retrieval: true },
        { retrieval: { collection: 'notes', top_k: 5, min_score: 0.7, mode: 'hybrid' }, cache: false, tenant: 't1' },
        { retrieval: { filter: { type: 'and', filters: [{ type: 'eq', key: 'a', value: 1 }] } } },
      ],
      [{ foo: 1 }, { retrieval: { collection: '../x' } }, { tenant: 'a/b' }, { retrieval: { min_score: 2 } }, true],
    ],
  ])('checks %s', (name, good, bad) => {
    for (const value of good)
      expect(problem({ ...withMessages(user), [name]: value }), JSON.stringify(value)).toBeUndefined();
    for (const value of bad)
      expect(problem({ ...withMessages(user), [name]: value }), JSON.stringify(value)).toBeDefined();
  });
});

describe('what the OpenAI client sends', () => {
  const answer = (message: Record<string, unknown>, finish = 'stop') => ({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', refusal: null, annotations: [], ...message },
        logprobs: null,
        finish_reason: finish,
      },
    ],
  });

  /** A client whose bodies are kept, and whose answers are given. */
  function record(answers: readonly Record<string, unknown>[]): { client: OpenAI; bodies: unknown[] } {
    const bodies: unknown[] = [];
    const client = new OpenAI({
      apiKey: 'none',
      baseURL: 'http://127.0.0.1:1/v1',
      maxRetries: 0,
      fetch: async (_, init) => {
        bodies.push(JSON.parse(String(init?.body)));
        return Response.json(answers[bodies.length - 1] ?? answer({ content: 'done' }));
      },
    });
    return { client, bodies };
  }

  it('is accepted for plain calls', async () => {
    const { client, bodies } = record([]);
    const messages = [{ role: 'user' as const, content: 'Hello' }];
    await client.chat.completions.create({ model: 'm', messages });
    await client.chat.completions.create({
      model: 'm',
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(bodies).toHaveLength(2);
    expect(bodies.map(problem)).toEqual([undefined, undefined]);
  });

  it('is accepted for a run with tools, the answered calls included', async () => {
    const { client, bodies } = record([answer({ content: null, tool_calls: [call] }, 'tool_calls')]);
    const runner = client.chat.completions.runTools({
      model: 'm',
      messages: [{ role: 'user', content: 'Weather?' }],
      tools: [
        {
          type: 'function',
          function: {
            name: 'get_weather',
            description: 'Weather of a city',
            parse: JSON.parse,
            function: ({ city }: { city: string }) => `cold in ${city}`,
            parameters: { type: 'object', properties: { city: { type: 'string' } } },
          },
        },
      ],
    });
    await runner.done();
    expect(bodies).toHaveLength(2);
    expect(bodies[1]).toMatchObject({
      messages: [{}, { role: 'assistant' }, { role: 'tool', content: 'cold in Oslo' }],
    });
    expect(bodies.map(problem)).toEqual([undefined, undefined]);
  });

  it('is accepted for a structured answer', async () => {
    const { client, bodies } = record([answer({ content: '{"a":1}' })]);
    await client.chat.completions.parse({
      model: 'm',
      messages: [{ role: 'user', content: 'x' }],
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'thing', strict: true, schema: { type: 'object', additionalProperties: false } },
      },
    });
    expect(bodies.map(problem)).toEqual([undefined]);
  });
});

describe('what other clients send', () => {
  it.each([
    [
      'the Python client with its options',
      {
        model: 'm',
        messages: [{ role: 'system', content: 'Be brief.' }, user],
        frequency_penalty: 0,
        presence_penalty: 0.0,
        n: 1,
        parallel_tool_calls: true,
        user: 'u-1',
        stream: false,
        sluice: { retrieval: true },
      },
    ],
    [
      'LangChain in the middle of a tool loop',
      {
        model: 'm',
        temperature: 0,
        n: 1,
        stream: true,
        stream_options: { include_usage: true },
        messages: [
          user,
          { role: 'assistant', content: '', tool_calls: [call] },
          { role: 'tool', content: 'cold', tool_call_id: 'call_1', name: 'get_weather' },
        ],
        tools: [{ ...weather, function: { ...weather.function, description: 'd', strict: true } }],
        tool_choice: 'auto',
        parallel_tool_calls: false,
      },
    ],
    [
      'LangChain with its older function interface',
      {
        model: 'm',
        messages: [user, { role: 'assistant', content: '', function_call: { name: 'f', arguments: '{}' } }],
        functions: [{ name: 'f', parameters: {} }],
        function_call: { name: 'f' },
      },
    ],
    [
      'the AI SDK in the middle of a tool loop',
      {
        model: 'm',
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'a' },
              { type: 'image_url', image_url: { url: 'data:x', detail: 'auto' } },
            ],
          },
          { role: 'assistant', content: null, tool_calls: [call] },
          { role: 'tool', tool_call_id: 'call_1', content: '"cold"' },
        ],
        tools: [{ ...weather, function: { ...weather.function, strict: false } }],
        tool_choice: 'auto',
        stream: true,
        stream_options: { include_usage: true },
        response_format: { type: 'json_object' },
        max_completion_tokens: 100,
        reasoning_effort: 'low',
        store: false,
        metadata: { a: 'b' },
      },
    ],
    [
      'a client that sends null for what it does not set',
      {
        model: 'm',
        messages: [{ ...user, name: null }, { role: 'assistant', content: 'x', tool_calls: null, refusal: null }, user],
        temperature: null,
        tools: null,
        tool_choice: null,
        stop: null,
        stream: null,
        stream_options: null,
        response_format: null,
        max_tokens: null,
        user: null,
      },
    ],
  ])('is accepted: %s', (_, body) => {
    expect(problem(body)).toBeUndefined();
  });
});
