import { describe, expect, test } from 'vitest';
import type { ChatRequest } from '../../../shared/contracts/chat-provider.ts';
import { toChatBody } from '../../../shared/providers/ollama-request.ts';
import { freeze } from './freeze.ts';

const MODEL = 'llama3.1:8b';
const user = { role: 'user', content: 'Hello' } as const;
const plain = { model: MODEL, messages: [user], stream: false, truncate: false };

function toBody(request: Partial<ChatRequest>, model = MODEL) {
  return toChatBody({ request: freeze({ model: 'agent', messages: [user], ...request }), model, stream: false });
}

function refusal(request: Partial<ChatRequest>, model = MODEL): unknown {
  try {
    return toBody(request, model);
  } catch (error) {
    return error;
  }
}

describe('text', () => {
  test('a plain request is model, messages and stream alone', () => {
    expect(toBody({})).toEqual(plain);
  });

  test('sampling goes into options, zero included', () => {
    const sampled = toBody({
      temperature: 0,
      top_p: 0.9,
      max_tokens: 500,
      stop: '\n\n',
      seed: 0,
      presence_penalty: 0,
      frequency_penalty: -0.5,
    });
    expect(sampled).toEqual({
      ...plain,
      options: {
        temperature: 0,
        top_p: 0.9,
        num_predict: 500,
        stop: ['\n\n'],
        seed: 0,
        presence_penalty: 0,
        frequency_penalty: -0.5,
      },
    });
  });

  test('the newer name of the output limit wins, and what is null or empty is not sent', () => {
    expect(toBody({ max_completion_tokens: 7, max_tokens: 9, stop: ['a', '', 'b'] })).toEqual({
      ...plain,
      options: { num_predict: 7, stop: ['a', 'b'] },
    });
    expect(toBody({ temperature: null, stop: null, seed: null, max_tokens: null, reasoning_effort: null })).toEqual(
      plain,
    );
    expect(toBody({ stop: [] })).toEqual(plain);
  });

  test('roles keep their order, developers speak as the system, names lead the text, parts are lines', () => {
    const messages: ChatRequest['messages'] = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi', name: 'Ada' },
      { role: 'developer', content: [{ type: 'text', text: 'Use metric units.' }] },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'No:' },
          { type: 'refusal', refusal: 'I will not.' },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'one' },
          { type: 'text', text: 'two' },
        ],
      },
    ];
    expect(toBody({ messages }).messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Ada: Hi' },
      { role: 'system', content: 'Use metric units.' },
      { role: 'assistant', content: 'No:\nI will not.' },
      { role: 'user', content: 'one\ntwo' },
    ]);
  });

  test('the settings of an operator go with every request', () => {
    const request: ChatRequest = { model: 'agent', messages: [user] };
    expect(toChatBody({ request, model: MODEL, stream: true, keepAlive: -1, contextLength: 8192 })).toEqual({
      ...plain,
      stream: true,
      options: { num_ctx: 8192 },
      keep_alive: -1,
    });
  });
});

const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const weather = {
  type: 'function',
  function: { name: 'get_weather', description: 'Weather of a city', parameters, strict: true },
} as const;
const weatherTool = {
  type: 'function',
  function: { name: 'get_weather', description: 'Weather of a city', parameters },
};
const clock = { type: 'function', function: { name: 'get_time' } } as const;
const clockTool = { type: 'function', function: { name: 'get_time', parameters: { type: 'object', properties: {} } } };

describe('tools', () => {
  test('are offered with a schema each, whether the choice is left open or out', () => {
    expect(toBody({ tools: [weather, clock] })).toEqual({ ...plain, tools: [weatherTool, clockTool] });
    expect(toBody({ tools: [weather], tool_choice: 'auto' })).toEqual({ ...plain, tools: [weatherTool] });
  });

  test('are not offered when none may be called, and only the allowed ones when some may', () => {
    expect(toBody({ tools: [weather], tool_choice: 'none' })).toEqual(plain);
    const choice: ChatRequest['tool_choice'] & object = {
      type: 'allowed_tools',
      allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'get_time' } }] },
    };
    expect(toBody({ tools: [weather, clock], tool_choice: choice })).toEqual({ ...plain, tools: [clockTool] });
  });

  test('a call that is demanded is refused, because the vendor cannot be made to call', () => {
    for (const choice of [
      'required',
      { type: 'function', function: { name: 'get_weather' } },
      { type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [] } },
    ] as const) {
      expect(refusal({ tools: [weather], tool_choice: choice as ChatRequest['tool_choice'] & object })).toMatchObject({
        code: 'unsupported',
        param: 'tool_choice',
      });
    }
  });

  test('tools that are not functions are refused by their place', () => {
    const custom = { type: 'custom', custom: { name: 'shell' } } as const;
    expect(refusal({ tools: [weather, custom] })).toMatchObject({ code: 'unsupported', param: 'tools[1]' });
  });

  test('calls go back with arguments as objects and results with the name of their function', () => {
    const messages: ChatRequest['messages'] = [
      user,
      {
        role: 'assistant',
        content: null,
        reasoning_content: 'Two cities.',
        tool_calls: [
          { id: 'a', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Zürich"}' } },
          { id: 'b', type: 'function', function: { name: 'get_time', arguments: '' } },
        ],
      },
      { role: 'tool', tool_call_id: 'b', content: [{ type: 'text', text: '12:00' }] },
      { role: 'tool', tool_call_id: 'a', content: '{"celsius":21}' },
      { role: 'tool', tool_call_id: 'unknown', content: 'lost' },
    ];
    expect(toBody({ messages })).toEqual({
      ...plain,
      messages: [
        user,
        {
          role: 'assistant',
          content: '',
          thinking: 'Two cities.',
          tool_calls: [
            { function: { name: 'get_weather', arguments: { city: 'Zürich' } } },
            { function: { name: 'get_time', arguments: {} } },
          ],
        },
        { role: 'tool', content: '12:00', tool_name: 'get_time' },
        { role: 'tool', content: '{"celsius":21}', tool_name: 'get_weather' },
        { role: 'tool', content: 'lost' },
      ],
    });
  });

  test('a call that was cut off goes back as it was written, under one key', () => {
    const call = { id: 'a', type: 'function', function: { name: 'f', arguments: '{"city":' } } as const;
    expect(toBody({ messages: [user, { role: 'assistant', tool_calls: [call] }] }).messages[1]?.tool_calls).toEqual([
      { function: { name: 'f', arguments: { invalid_arguments: '{"city":' } } },
    ]);
  });

  test('custom calls and function messages are refused', () => {
    const custom = { id: 'a', type: 'custom', custom: { name: 'shell', input: 'ls' } } as const;
    expect(refusal({ messages: [{ role: 'assistant', tool_calls: [custom] }] })).toMatchObject({ code: 'unsupported' });
    expect(refusal({ messages: [{ role: 'function', name: 'f', content: '1' }] })).toMatchObject({
      code: 'unsupported',
      param: 'messages[0].role',
    });
  });
});

describe('images', () => {
  const image = (url: string): ChatRequest['messages'] => [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image_url', image_url: { url, detail: 'high' } },
      ],
    },
  ];

  test.each([
    ['data:image/png;base64,iVBORw0KGgo=', 'iVBORw0KGgo='],
    ['data:image/svg+xml,%3Csvg%2F%3E', Buffer.from('<svg/>').toString('base64')],
  ])('as a data URL travel as bare base64', (url, base64) => {
    expect(toBody({ messages: image(url) })).toEqual({
      ...plain,
      messages: [{ role: 'user', content: 'What is this?', images: [base64] }],
    });
  });

  test.each(['https://example.com/cat.png', 'http://169.254.169.254/x', 'gs://bucket/cat.png', 'file:///etc/passwd'])(
    'by address (%s) are refused by their place',
    (url) => {
      expect(refusal({ messages: image(url) })).toMatchObject({
        code: 'unsupported',
        param: 'messages[0].content[1].image_url.url',
        message: expect.not.stringContaining('://'),
      });
    },
  );

  test.each([
    ['data:text/plain;base64,aGk=', 'unsupported'],
    ['data:image/png;base64,', 'invalid_request'],
    ['data:image/png', 'invalid_request'],
  ])('that are none (%s) are refused', (url, code) => {
    expect(refusal({ messages: image(url) })).toMatchObject({ code });
  });

  test('audio and files have no form here', () => {
    for (const part of [
      { type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } },
      { type: 'file', file: { file_data: 'data:application/pdf;base64,AA==' } },
    ] as const) {
      expect(refusal({ messages: [{ role: 'user', content: [part] }] })).toMatchObject({
        code: 'unsupported',
        param: 'messages[0].content[0]',
      });
    }
  });
});

describe('structured output', () => {
  test('a schema is the format, with references and all', () => {
    const schema = {
      $defs: { point: { type: 'object', properties: { x: { type: 'number' } }, additionalProperties: false } },
      $ref: '#/$defs/point',
    };
    expect(
      toBody({ response_format: { type: 'json_schema', json_schema: { name: 'point', schema, strict: true } } }),
    ).toEqual({ ...plain, format: schema });
  });

  test('JSON mode and a schema left out are any object; text is no format', () => {
    expect(toBody({ response_format: { type: 'json_object' } })).toEqual({ ...plain, format: 'json' });
    expect(toBody({ response_format: { type: 'json_schema', json_schema: { name: 'any' } } })).toEqual({
      ...plain,
      format: 'json',
    });
    expect(toBody({ response_format: { type: 'text' } })).toEqual(plain);
  });
});

describe('thinking', () => {
  test.each([
    ['none', false],
    ['minimal', false],
    ['low', true],
    ['medium', true],
    ['high', true],
    ['xhigh', true],
  ] as const)('an effort of %s is switched to %s', (effort, think) => {
    expect(toBody({ reasoning_effort: effort }, 'qwen3:8b')).toEqual({ ...plain, model: 'qwen3:8b', think });
  });

  test.each([
    ['none', 'low'],
    ['low', 'low'],
    ['medium', 'medium'],
    ['high', 'high'],
    ['xhigh', 'high'],
  ] as const)('an effort of %s is the level %s where there are levels', (effort, think) => {
    for (const model of ['gpt-oss:20b', 'gpt-oss', 'hf.co/someone/gpt-oss-20b-GGUF:Q4_K_M']) {
      expect(toBody({ reasoning_effort: effort }, model).think).toBe(think);
    }
  });
});

test('log probabilities are asked for by their own names', () => {
  expect(toBody({ logprobs: true, top_logprobs: 3 })).toEqual({ ...plain, logprobs: true, top_logprobs: 3 });
  expect(toBody({ logprobs: true })).toEqual({ ...plain, logprobs: true });
  expect(toBody({ logprobs: false, logit_bias: {}, n: 1 })).toEqual(plain);
});

test.each([
  ['n', { n: 2 }],
  ['logit_bias', { logit_bias: { '50256': -100 } }],
  ['audio', { audio: { format: 'wav', voice: 'alloy' } }],
] as const)('%s is refused by name', (param, request) => {
  expect(refusal(request as Partial<ChatRequest>)).toMatchObject({ code: 'unsupported', param });
});

describe('the name of a model', () => {
  test.each([
    'llama3.1:8b',
    'phi3.5:3.8b-mini-instruct-q4_K_M',
    'library/gemma3',
    'hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M',
    'registry.local:5000/team/model:v1',
    '_mine',
  ])('may be %s', (model) => {
    expect(toBody({}, model).model).toBe(model);
  });

  test.each([
    '',
    '../../api/pull',
    'a/../b',
    'a..b',
    'a/b/c/d',
    '/absolute',
    'trailing/',
    'a//b',
    'a?b',
    'a#b',
    'a%2fb',
    'a\\b',
    'a b',
    'a\r\nx: y',
    'a\n',
    'a\0',
    'http://evil/x',
    'm'.repeat(257),
  ])('may not be %j', (model) => {
    expect(refusal({}, model)).toMatchObject({ code: 'model_not_found', param: 'model' });
  });
});
