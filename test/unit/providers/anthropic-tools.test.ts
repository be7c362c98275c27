import { expect, test } from 'vitest';
import type { ChatRequest } from '../../../shared/contracts/chat-provider.ts';
import { call, OLD_MODEL, toBody, user, weather, weatherTool } from './anthropic-fixtures.ts';

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

test.each(['{"city":', '[1]', '"x"'])(
  'arguments that are no JSON object (%s) are refused by path and length',
  (text) => {
    const tool_calls = [call('a', 'x', '{}'), call('b', 'x', text)];
    const messages: ChatRequest['messages'] = [user, { role: 'assistant', tool_calls }];
    expect(() => toBody({ messages })).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        param: 'messages[1].tool_calls[1].function.arguments',
        message: expect.stringContaining(`messages[1].tool_calls[1] are not a JSON object (${text.length} characters)`),
      }),
    );
  },
);

test('a demanded call is refused on a model that cannot be made to call', () => {
  expect(() => toBody({ tools: [weather], tool_choice: 'required' }, 'claude-opus-5-5')).toThrow(
    expect.objectContaining({ code: 'unsupported', param: 'tool_choice' }),
  );
});
