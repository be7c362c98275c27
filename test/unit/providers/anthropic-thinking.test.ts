import { expect, test } from 'vitest';
import type { ChatRequest } from '../../../shared/contracts/chat-provider.ts';
import { call, MODEL, OLD_MODEL, toBody, translate, user, weather } from './anthropic-fixtures.ts';

test.each([
  ['low', MODEL, { max_tokens: 6144, thinking: { type: 'enabled', budget_tokens: 2048 } }],
  ['medium', MODEL, { max_tokens: 12_288, thinking: { type: 'enabled', budget_tokens: 8192 } }],
  ['high', MODEL, { max_tokens: 20_480, thinking: { type: 'enabled', budget_tokens: 16_384 } }],
  ['none', MODEL, { max_tokens: 4096 }],
  ['minimal', MODEL, { max_tokens: 4096 }],
  ['high', OLD_MODEL, { max_tokens: 4096 }],
  ['none', 'claude-sonnet-5', { max_tokens: 4096, thinking: { type: 'disabled' } }],
  ['none', 'claude-sonnet-5-5', { max_tokens: 4096, thinking: { type: 'between_tools' } }],
  ['minimal', 'claude-fable-5', { max_tokens: 4096, output_config: { effort: 'low' } }],
  [
    'xhigh',
    'claude-opus-4-6',
    { max_tokens: 28_672, thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'high' } },
  ],
  [
    'xhigh',
    'claude-opus-4-7',
    { max_tokens: 28_672, thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'xhigh' } },
  ],
] as const)('effort %s on %s is %j', (reasoning_effort, model, expected) => {
  const { messages: _messages, model: _model, ...rest } = toBody({ reasoning_effort }, model);
  expect(rest).toEqual(expected);
});

test('a budget stays below the limit of the caller, and is left out when there is no room', () => {
  expect(toBody({ reasoning_effort: 'high', max_tokens: 4000 })).toMatchObject({
    max_tokens: 4000,
    thinking: { budget_tokens: 3000 },
  });
  expect(toBody({ reasoning_effort: 'high', max_tokens: 1000 })).not.toHaveProperty('thinking');
});

test.each([
  [1024, 32_000, 1024],
  [4000, 32_000, 4000],
  [10_000, 32_000, 10_000],
  [3999, 4000, 3999],
  [4000, 4000, 3000],
])(
  "the caller's own budget of %i tokens below a limit of %i is %i",
  (thinking_budget_tokens, max_tokens, budget_tokens) => {
    const body = toBody({ reasoning_effort: 'low', thinking_budget_tokens, max_tokens });
    expect(body).toMatchObject({ max_tokens, thinking: { type: 'enabled', budget_tokens } });
    expect(body).not.toHaveProperty('thinking_budget_tokens');
  },
);

test('a temperature that thinking does not go with gives way', () => {
  expect(toBody({ reasoning_effort: 'low', temperature: 0.2, top_p: 0.5 })).not.toHaveProperty('temperature');
  expect(toBody({ reasoning_effort: 'low', temperature: 1 }).temperature).toBe(1);
  expect(toBody({ reasoning_effort: 'none', temperature: 0.2 }).temperature).toBe(0.2);
});

test('a demanded call goes before a budget', () => {
  const body = toBody({ reasoning_effort: 'low', tools: [weather], tool_choice: 'required' });
  expect(body).not.toHaveProperty('thinking');
  expect(body.max_tokens).toBe(4096);
});

const blocks = [
  { type: 'thinking', thinking: 'Hm.', signature: 'c2ln' },
  { type: 'redacted_thinking', data: 'b3BhcXVl' },
] as const;
const result = { role: 'tool', tool_call_id: 'toolu_1', content: 'noon' } as const;
const calls = [call('toolu_1', 'get_time', '{}')];

test('thinking blocks go back first, as they came, and thinking goes on', () => {
  const unsigned = { type: 'thinking', thinking: 'cut off', signature: '' } as const;
  const body = toBody({
    reasoning_effort: 'low',
    messages: [
      user,
      {
        role: 'assistant',
        content: 'Looking.',
        reasoning_content: 'Hm.',
        thinking_blocks: [...blocks, unsigned],
        tool_calls: calls,
      },
      result,
    ],
  });
  expect(body.thinking).toEqual({ type: 'enabled', budget_tokens: 2048 });
  expect(body.messages[1]).toEqual({
    role: 'assistant',
    content: [
      ...blocks,
      { type: 'text', text: 'Looking.' },
      { type: 'tool_use', id: 'toolu_1', name: 'get_time', input: {} },
    ],
  });
});

test.each([MODEL, 'claude-opus-4-6'])('%s does not think after calls that lost their thinking', (model) => {
  const messages = [user, { role: 'assistant', tool_calls: calls } as const, result];
  expect(toBody({ reasoning_effort: 'low', messages }, model)).not.toHaveProperty('thinking');
});

test.each([
  [{ reasoning_effort: 'high' }, OLD_MODEL, ['reasoning_effort']],
  [{ reasoning_effort: 'none' }, OLD_MODEL, []],
  [{ reasoning_effort: 'high', max_tokens: 1000 }, MODEL, ['reasoning_effort']],
  [{ reasoning_effort: 'low', temperature: 0.3, top_p: 0.5 }, MODEL, ['temperature', 'top_p']],
  [{ reasoning_effort: 'low', temperature: 1 }, MODEL, []],
  [{ reasoning_effort: 'low', tools: [weather], tool_choice: 'required' }, MODEL, ['reasoning_effort']],
  [{ temperature: 0.3 }, MODEL, []],
] as const)('%j on %s names what it leaves out: %j', (request, model, dropped) => {
  expect(translate(request as Partial<ChatRequest>, model).dropped).toEqual(dropped);
});
