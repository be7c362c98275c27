import { describe, expect, test } from 'vitest';
import type { ChatChunk } from '../../../shared/contracts/chat-provider.ts';
import { createGeminiStreamReader } from '../../../shared/providers/gemini-stream.ts';
import { loadFixture } from './gemini-fake.ts';

const options = { provider: 'gemini', model: 'gemini-3-flash-preview' };

function read(events: readonly (object | string)[]): ChatChunk[] {
  const reader = createGeminiStreamReader(options);
  const pushed = events.flatMap((event) => reader.push(typeof event === 'string' ? event : JSON.stringify(event)));
  return [...pushed, ...reader.end()].map(({ chunk }) => chunk);
}

function candidate(parts: readonly object[], rest: object = {}) {
  return { candidates: [{ content: { parts }, ...rest }] };
}

test('a stream has its role first, its calls counted over all events, one finish and the usage last', () => {
  const events = loadFixture('stream.sse')
    .toString()
    .split('\r\n\r\n')
    .filter(Boolean)
    .map((event) => event.slice('data: '.length));
  const chunks = read(events);
  expect(chunks.map(({ choices }) => choices[0])).toEqual([
    toChoice({ role: 'assistant', reasoning_content: 'Weigh it.' }),
    toChoice({ content: 'Grüße ' }),
    toChoice({
      content: '🌧 aus Köln',
      tool_calls: [
        {
          index: 0,
          id: expect.stringMatching(/^call_/),
          type: 'function',
          function: { name: 'get_weather', arguments: '{"city":"Köln"}' },
          extra_content: { google: { thought_signature: 'c2lnLWNhbGw=' } },
        },
      ],
    }),
    toChoice({
      tool_calls: [
        {
          index: 1,
          id: expect.stringMatching(/^call_/),
          type: 'function',
          function: { name: 'get_weather', arguments: '{"city":"Bonn"}' },
        },
      ],
    }),
    toChoice({ extra_content: { google: { thought_signature: 'c2lnLXRleHQ=' } } }),
    {
      ...toChoice({
        annotations: [
          {
            type: 'url_citation',
            url_citation: { start_index: 6, end_index: 8, title: 'Weather', url: 'https://weather.example/koeln' },
          },
        ],
      }),
      finish_reason: 'tool_calls',
    },
    undefined,
  ]);
  expect(chunks.at(-1)).toMatchObject({
    choices: [],
    usage: {
      prompt_tokens: 9,
      completion_tokens: 11,
      total_tokens: 20,
      completion_tokens_details: { reasoning_tokens: 6 },
    },
  });
  expect(new Set(chunks.map(({ id, created, model }) => `${id} ${created} ${model}`)).size).toBe(1);
  expect(chunks[0]).toMatchObject({ id: 'chatcmpl-stream1', model: 'gemini-3-flash-preview' });
});

function toChoice(delta: object) {
  return { index: 0, delta, logprobs: null, finish_reason: null };
}

describe('the end', () => {
  test('is held back while the vendor says STOP on every event', () => {
    const chunks = read(['a', 'b'].map((text) => candidate([{ text }], { finishReason: 'STOP' })));
    expect(chunks.map(({ choices }) => [choices[0]?.delta.content, choices[0]?.finish_reason])).toEqual([
      ['a', null],
      ['b', null],
      [undefined, 'stop'],
    ]);
  });

  test('of a blocked prompt is a filtered answer', () => {
    const chunks = read([{ promptFeedback: { blockReason: 'PROHIBITED_CONTENT' } }]);
    expect(chunks).toHaveLength(1);
    expect(chunks[0]?.choices).toEqual([
      { index: 0, delta: { role: 'assistant' }, logprobs: null, finish_reason: 'content_filter' },
    ]);
  });

  test('keeps the text that came before a filter', () => {
    const chunks = read([candidate([{ text: 'a' }]), { candidates: [{ finishReason: 'RECITATION' }] }]);
    expect(chunks[0]?.choices[0]?.delta.content).toBe('a');
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('content_filter');
  });

  test.each([
    ['no event at all', []],
    ['no finish reason', [candidate([{ text: 'a' }])]],
    ['usage alone', [{ usageMetadata: { promptTokenCount: 1 } }]],
    ['content of an unknown form', [{ candidates: [{ content: { 'missing-parts': true } }] }]],
  ])('that never came is an error: %s', (_, events) => {
    expect(() => read(events)).toThrow(expect.objectContaining({ code: 'server_error' }));
  });

  test('without anything before it is a failure when the model went wrong', () => {
    const failed = { candidates: [{ finishReason: 'MALFORMED_FUNCTION_CALL' }] };
    const failure = expect.objectContaining({ code: 'server_error', retryable: true });
    expect(() => read([failed])).toThrow(failure);
    expect(() => read([candidate([{ text: 'Hm.', thought: true }]), failed])).toThrow(failure);
    expect(read([candidate([{ text: 'a' }]), failed]).at(-1)?.choices[0]?.finish_reason).toBe('stop');
    expect(read([{ candidates: [{ finishReason: 'STOP' }] }]).at(-1)?.choices[0]?.finish_reason).toBe('stop');
  });

  test('has to come for every choice', () => {
    const both = { candidates: [0, 1].map((index) => ({ index, content: { parts: [{ text: 'x' }] } })) };
    const one = { candidates: [{ index: 1, finishReason: 'STOP' }] };
    const other = { candidates: [{ index: 0, finishReason: 'MAX_TOKENS' }] };
    expect(() => read([both, one])).toThrow(expect.objectContaining({ code: 'server_error' }));
    const chunks = read([both, one, other]);
    expect(chunks.slice(-2).map(({ choices }) => [choices[0]?.index, choices[0]?.finish_reason])).toEqual([
      [0, 'length'],
      [1, 'stop'],
    ]);
  });
});

test.each([
  ['{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}', 'rate_limit'],
  ['[{"error": {"code": 503, "status": "UNAVAILABLE"}}]', 'server_error'],
  ['{"candidates"', 'server_error'],
])('the event %s is an error', (event, code) => {
  expect(() => createGeminiStreamReader(options).push(event)).toThrow(expect.objectContaining({ code }));
});

test("events in the form of Google's OpenAI-compatible surface are read as such", () => {
  const compatible = (delta: object, finish: string | null) => ({
    id: 'c',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  const chunks = read([compatible({ role: 'assistant', content: 'a' }, null), compatible({}, 'stop')]);
  expect(chunks.map(({ choices }) => [choices[0]?.delta.content, choices[0]?.finish_reason])).toEqual([
    ['a', null],
    [undefined, 'stop'],
  ]);
  expect(() => read([compatible({ content: 'a' }, null)])).toThrow(expect.objectContaining({ code: 'server_error' }));
});

test('log probabilities come with their event', () => {
  const chunks = read([
    candidate([{ text: 'a' }], { logprobsResult: { chosenCandidates: [{ token: 'a', logProbability: -1 }] } }),
    candidate([], { finishReason: 'STOP' }),
  ]);
  expect(chunks[0]?.choices[0]?.logprobs?.content).toEqual([
    { token: 'a', logprob: -1, bytes: [97], top_logprobs: [] },
  ]);
});
