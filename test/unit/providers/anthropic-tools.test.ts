import { expect, test } from 'vitest';
import type { ChatRequest } from '../../../shared/contracts/chat-provider.ts';
import { call, OLD_MODEL, toBody, translate, user, weather, weatherTool } from './anthropic-fixtures.ts';

test.each([
  [{}, undefined],
  [{ tool_choice: 'auto' }, { type: 'auto' }],
  [{ tool_choice: 'none' }, { type: 'none' }],
  [{ tool_choice: 'required' }, { type: 'any' }],
  [{ tool_choice: { type: 'function', function: { name: 'get_weather' } } }, { type: 'tool', name: 'get_weather' }],
  [{ parallel_tool_calls: false }, { type: 'auto', disable_parallel_tool_use: true }],
  [
    { tool_choice: 'required', parallel_tool_calls: false },
    { type: 'any', disable_parallel_tool_use: true },
  ],
  [{ tool_choice: 'none', parallel_tool_calls: false }, { type: 'none' }],
] as const)('%j asks for %j', (request, choice) => {
  const body = toBody({ tools: [weather], ...request });
  expect(body.tools).toEqual([weatherTool]);
  expect(body.tool_choice).toEqual(choice);
});

test('allowed tools narrow the list', () => {
  const allowed = { mode: 'required', tools: [{ type: 'function', function: { name: 'b' } }] } as const;
  const tools = ['a', 'b'].map((name) => ({ type: 'function', function: { name } }) as const);
  const body = toBody({
    tools,
    tool_choice: { type: 'allowed_tools', allowed_tools: { ...allowed, tools: [...allowed.tools] } },
  });
  expect(body.tools).toEqual([{ name: 'b', input_schema: { type: 'object', properties: {} } }]);
  expect(body.tool_choice).toEqual({ type: 'any' });
});

test('a strict tool is strict where the model knows it, in the schema language it takes', () => {
  const strict = { ...weather, function: { ...weather.function, strict: true } };
  expect(toBody({ tools: [strict] }).tools).toEqual([
    {
      ...weatherTool,
      strict: true,
      input_schema: {
        type: 'object',
        properties: { city: { type: 'string', description: '{minLength: 1}' } },
        required: ['city'],
        additionalProperties: false,
      },
    },
  ]);
  expect(toBody({ tools: [strict] }, OLD_MODEL).tools).toEqual([weatherTool]);
});

test('calls and their results go back as blocks, results of one turn together and first', () => {
  const body = toBody({
    tools: [weather],
    messages: [
      user,
      {
        role: 'assistant',
        content: 'Looking.',
        tool_calls: [call('toolu_1', 'get_weather', '{"city":"Köln"}'), call('call.2', 'get_time', '')],
      },
      { role: 'tool', tool_call_id: 'toolu_1', content: '{"rain":true}' },
      {
        role: 'tool',
        tool_call_id: 'call.2',
        content: [
          { type: 'text', text: 'See' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,eA==' } },
        ] as never,
      },
      { role: 'user', content: 'And?' },
    ],
  });
  expect(body.messages).toEqual([
    { role: 'user', content: 'Hello' },
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'Looking.' },
        { type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: { city: 'Köln' } },
        { type: 'tool_use', id: 'call_2', name: 'get_time', input: {} },
      ],
    },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'toolu_1', content: '{"rain":true}' },
        {
          type: 'tool_result',
          tool_use_id: 'call_2',
          content: [
            { type: 'text', text: 'See' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'eA==' } },
          ],
        },
        { type: 'text', text: 'And?' },
      ],
    },
  ]);
});

test('a conversation with calls but without tools declares what was called, not to be called', () => {
  const body = toBody({
    messages: [
      user,
      { role: 'assistant', tool_calls: [call('toolu_1', 'get_time', '{}')] },
      { role: 'tool', tool_call_id: 'toolu_1', content: 'noon' },
    ],
  });
  expect(body.tools).toEqual([{ name: 'get_time', input_schema: { type: 'object' } }]);
  expect(body.tool_choice).toEqual({ type: 'none' });
});

test.each([
  ['{"city":', { invalid_arguments: '{"city":' }],
  ['[1]', { invalid_arguments: '[1]' }],
  ['"x"', { invalid_arguments: '"x"' }],
  ['null', {}],
  [' ', {}],
])('arguments of %j in an earlier call are %j', (text, input) => {
  const messages: ChatRequest['messages'] = [user, { role: 'assistant', tool_calls: [call('b', 'x', text)] }];
  expect(toBody({ messages }).messages[1]?.content).toEqual([{ type: 'tool_use', id: 'b', name: 'x', input }]);
});

test('a result without its call is left to vendors that take it', () => {
  const lost = { role: 'tool', tool_call_id: 'lost', content: 'x' } as const;
  expect(() => toBody({ messages: [user, lost] })).toThrow(
    expect.objectContaining({ code: 'unsupported', param: 'messages[1].tool_call_id' }),
  );
});

test('ids of other vendors stay apart in characters that this one takes', () => {
  const ids = ['call:1', 'call_1', 'call.1'];
  const body = toBody({
    messages: [
      user,
      { role: 'assistant', tool_calls: ids.map((id) => call(id, 'x', '{}')) },
      ...ids.map((id) => ({ role: 'tool', tool_call_id: id, content: id }) as const),
    ],
  });
  expect(body.messages[1]?.content).toMatchObject([{ id: 'call_1_2' }, { id: 'call_1' }, { id: 'call_1_3' }]);
  expect(body.messages[2]?.content).toMatchObject([
    { tool_use_id: 'call_1_2', content: 'call:1' },
    { tool_use_id: 'call_1', content: 'call_1' },
    { tool_use_id: 'call_1_3', content: 'call.1' },
  ]);
});

test('names that the vendor refuses are sent as others, everywhere, and can be told back', () => {
  const long = 'n'.repeat(130);
  const tools = ['files.read', 'files_read', long].map((name) => ({ type: 'function', function: { name } }) as const);
  const { body, toolNames } = translate({
    tools,
    tool_choice: { type: 'function', function: { name: 'files.read' } },
    messages: [
      user,
      { role: 'assistant', tool_calls: [call('a', 'files.read', '{}'), call('b', 'files:read', '{}')] },
      { role: 'tool', tool_call_id: 'a', content: '1' },
      { role: 'tool', tool_call_id: 'b', content: '2' },
    ],
  });
  expect(body.tools?.map((tool) => 'name' in tool && tool.name)).toEqual([
    'files_read_2',
    'files_read',
    'n'.repeat(128),
  ]);
  expect(body.tool_choice).toEqual({ type: 'tool', name: 'files_read_2' });
  expect(body.messages[1]?.content).toMatchObject([{ name: 'files_read_2' }, { name: 'files_read_3' }]);
  expect(Object.fromEntries(toolNames ?? [])).toEqual({
    files_read_2: 'files.read',
    files_read_3: 'files:read',
    ['n'.repeat(128)]: long,
  });
  expect(translate({ tools: [weather] })).not.toHaveProperty('toolNames');
  const allowed = { mode: 'auto', tools: [{ type: 'function', function: { name: 'files.read' } }] } as const;
  const narrowed = toBody({
    tools,
    tool_choice: { type: 'allowed_tools', allowed_tools: { ...allowed, tools: [...allowed.tools] } },
  });
  expect(narrowed.tools).toMatchObject([{ name: 'files_read_2' }]);
});

test('a demanded call is refused on a model that cannot be made to call', () => {
  expect(() => toBody({ tools: [weather], tool_choice: 'required' }, 'claude-opus-5-5')).toThrow(
    expect.objectContaining({ code: 'unsupported', param: 'tool_choice' }),
  );
});
