import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../shared/contracts/chat-provider.ts';
import { countAnswerCharacters, countCharacters, countPromptCharacters } from '../../../shared/usage/characters.ts';

const promptOf = (messages: readonly object[], tools?: readonly object[]) =>
  countPromptCharacters({ messages, ...(tools === undefined ? {} : { tools }) } as unknown as ChatRequest);

describe('characters of a text', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    [' a\tb\n\u3000c\u00a0 ', 3],
    ['文字', 2],
    ['🙂🙂', 2],
    ['e\u0301', 2],
  ])('of %j are %d', (text, count) => {
    expect(countCharacters(text)).toBe(count);
  });
});

describe('characters of a prompt', () => {
  it('are those of all messages, calls and tools', () => {
    const messages = [
      { role: 'system', content: 'be brief' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a b' },
          { type: 'text', text: 'c' },
        ],
      },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'x', type: 'function', function: { name: 'f', arguments: '{"a": 1}' } }],
      },
      { role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }] },
      { role: 'tool', tool_call_id: 'x', content: 'ok' },
    ];
    expect(promptOf(messages)).toBe(7 + 3 + 8 + 2 + 2);
    expect(promptOf([], [{ type: 'custom' }])).toBe('[{"type":"custom"}]'.length);
  });

  it('are not known when it is not all text', () => {
    const image = { type: 'image_url', image_url: { url: 'data:,' } };
    expect(promptOf([{ role: 'user', content: [{ type: 'text', text: 'a' }, image] }])).toBeUndefined();
  });
});

describe('characters of an answer', () => {
  it('are the same whole and in pieces', () => {
    const calls = [{ index: 0, function: { name: 'find', arguments: '{"q": "🙂"}' } }];
    const whole = countAnswerCharacters([{ message: { content: 'Hello 🙂', tool_calls: calls } }]);
    const pieces = [
      { content: 'Hel' },
      { content: 'lo \ud83d' },
      { content: '\ude42' },
      { tool_calls: [{ index: 0, function: { name: 'find', arguments: '' } }] },
      { tool_calls: [{ index: 0, function: { arguments: '{"q": "🙂"}' } }] },
      {},
    ].map((delta) => countAnswerCharacters([{ delta }]));
    expect(whole).toBe(6 + 4 + 9);
    expect(pieces.reduce((sum, count) => sum + count, 0)).toBe(whole);
  });

  it('are those of all its choices', () => {
    expect(countAnswerCharacters([{ message: { content: 'ab' } }, { message: { content: null, refusal: 'c' } }])).toBe(
      3,
    );
    expect(countAnswerCharacters([])).toBe(0);
  });
});
