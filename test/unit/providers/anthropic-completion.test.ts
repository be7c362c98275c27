import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type AnswerOptions, toChatResult } from '../../../shared/providers/anthropic-completion.ts';

const message = JSON.parse(
  readFileSync(new URL('../../fixtures/providers/anthropic/message.json', import.meta.url), 'utf8'),
);
const options = { model: 'claude-sonnet-4-5' };

function read(changes: object, answer: Omit<AnswerOptions, 'model'> = {}) {
  const { completion } = toChatResult(JSON.stringify({ ...message, ...changes }), { ...options, ...answer });
  return { choice: completion.choices[0], usage: completion.usage };
}

test('a message becomes a completion with text, thinking, annotations, calls and usage', () => {
  const { completion } = toChatResult(JSON.stringify(message), options);
  expect(completion).toEqual({
    id: 'msg_whole',
    object: 'chat.completion',
    created: expect.any(Number),
    model: 'claude-sonnet-4-5',
    choices: [
      {
        index: 0,
        logprobs: null,
        finish_reason: 'tool_calls',
        message: {
          role: 'assistant',
          content: 'It rains, says the service.',
          refusal: null,
          reasoning_content: 'Look it up.',
          thinking_blocks: [
            { type: 'thinking', thinking: 'Look it up.', signature: 'c2lnbmF0dXJl' },
            { type: 'redacted_thinking', data: 'b3BhcXVl' },
          ],
          annotations: [
            {
              type: 'url_citation',
              url_citation: { url: 'https://weather.example/koeln', title: 'Weather', start_index: 10, end_index: 27 },
            },
          ],
          tool_calls: [
            { id: 'toolu_1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Köln"}' } },
            { id: 'toolu_2', type: 'function', function: { name: 'get_time', arguments: '{}' } },
          ],
        },
      },
    ],
    usage: {
      prompt_tokens: 60,
      completion_tokens: 7,
      total_tokens: 67,
      prompt_tokens_details: { cached_tokens: 30, cache_write_tokens: 20 },
      completion_tokens_details: { reasoning_tokens: 4 },
    },
  });
  expect(Number.isInteger(completion.created)).toBe(true);
});

test.each([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['pause_turn', 'stop'],
  ['invented_tomorrow', 'stop'],
  [null, 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['refusal', 'content_filter'],
])('the reason %s is %s', (stop_reason, finish) => {
  expect(read({ stop_reason, content: [{ type: 'text', text: 'x' }] }).choice?.finish_reason).toBe(finish);
});

test('the stop sequence that ended an answer is told beside its finish', () => {
  const content = [{ type: 'text', text: 'x' }];
  expect(read({ stop_reason: 'stop_sequence', stop_sequence: 'END', content }).choice).toMatchObject({
    finish_reason: 'stop',
    stop_sequence: 'END',
  });
  for (const stop of [{ stop_reason: 'stop_sequence', stop_sequence: null }, { stop_reason: 'end_turn' }]) {
    expect(read({ ...stop, content }).choice).not.toHaveProperty('stop_sequence');
  }
});

test('calls go by the names of the caller', () => {
  const toolNames = new Map([['get_weather', 'get.weather']]);
  const calls = read({}, { toolNames }).choice?.message.tool_calls;
  expect(calls?.map((call) => 'function' in call && call.function.name)).toEqual(['get.weather', 'get_time']);
});

test('calls without text have no content, and an empty answer has empty text', () => {
  expect(read({ content: message.content.slice(-1) }).choice?.message.content).toBeNull();
  expect(read({ content: [], stop_reason: 'end_turn' }).choice?.message).toEqual({
    role: 'assistant',
    content: '',
    refusal: null,
  });
});

test('the input of the answering tool is the text, and the end an ordinary one', () => {
  const content = [
    { type: 'text', text: 'Here it is:' },
    { type: 'tool_use', id: 'toolu_9', name: 'city', input: { name: 'Köln' } },
  ];
  const { choice } = read({ content }, { responseTool: 'city' });
  expect(choice?.message).toEqual({ role: 'assistant', content: '{"name":"Köln"}', refusal: null });
  expect(choice?.finish_reason).toBe('stop');
});

describe('what is not a message', () => {
  test('an error inside a 200 is the error it names, without its words', () => {
    const body = { type: 'error', error: { type: 'rate_limit_error', message: 'secret prompt' } };
    expect(() => toChatResult(JSON.stringify(body), options)).toThrow(
      expect.objectContaining({ code: 'rate_limit', message: expect.not.stringContaining('secret prompt') }),
    );
  });

  test.each(['', '<html>', 'null', '[]', '{"type":"message"}'])('%j is a server error', (body) => {
    expect(() => toChatResult(body, options)).toThrow(expect.objectContaining({ code: 'server_error' }));
  });
});
