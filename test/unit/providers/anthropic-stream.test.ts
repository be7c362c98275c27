import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ChatEvent } from '../../../shared/contracts/chat-provider.ts';
import { createMessageStreamReader } from '../../../shared/providers/anthropic-stream.ts';
import { createEventReader } from '../../../shared/providers/event-reader.ts';

function load(name: string): Buffer {
  return readFileSync(new URL(`../../fixtures/providers/anthropic/${name}.sse`, import.meta.url));
}

function read(pieces: readonly Uint8Array[], responseTool?: string): ChatEvent[] {
  const events = createEventReader();
  const messages = createMessageStreamReader({ model: 'asked-model', ...(responseTool ? { responseTool } : {}) });
  const answer: ChatEvent[] = [];
  for (const piece of pieces) for (const event of events.push(piece)) answer.push(...messages.push(event));
  for (const event of events.end()) answer.push(...messages.push(event));
  return [...answer, ...messages.end()];
}

function toDeltas(events: readonly ChatEvent[]) {
  return events.flatMap(({ chunk }) => chunk.choices.map(({ delta }) => delta));
}

function toEvents(...events: readonly object[]): Buffer[] {
  return [Buffer.from(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''))];
}

const start = {
  type: 'message_start',
  message: { id: 'msg_1', model: 'm', usage: { input_tokens: 1, output_tokens: 1 } },
};
const end = { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } };

test('text comes in its own deltas, led by the role, ended by one finish and the usage', () => {
  const events = read([load('text')]);
  const head = {
    id: 'msg_text',
    object: 'chat.completion.chunk',
    created: expect.any(Number),
    model: 'claude-sonnet-4-5',
  };
  const choice = { index: 0, logprobs: null, finish_reason: null };
  expect(events.map(({ chunk }) => chunk)).toEqual([
    { ...head, choices: [{ ...choice, delta: { role: 'assistant', content: 'Grüße, ' } }] },
    { ...head, choices: [{ ...choice, delta: { content: '世界 🌍' } }] },
    { ...head, choices: [{ ...choice, delta: {}, finish_reason: 'stop' }] },
    {
      ...head,
      choices: [],
      usage: {
        prompt_tokens: 20,
        completion_tokens: 9,
        total_tokens: 29,
        prompt_tokens_details: { cached_tokens: 5, cache_write_tokens: 3 },
        completion_tokens_details: { reasoning_tokens: 0 },
      },
    },
  ]);
});

test('thinking blocks are whole with their signature, and calls are counted over the stream', () => {
  expect(toDeltas(read([load('thinking-and-tools')]))).toEqual([
    { role: 'assistant', content: '', reasoning_content: 'Two cities, ' },
    { reasoning_content: 'two calls.' },
    { thinking_blocks: [{ type: 'thinking', thinking: 'Two cities, two calls.', signature: 'c2lnbmF0dXJl' }] },
    { thinking_blocks: [{ type: 'redacted_thinking', data: 'b3BhcXVl' }] },
    { content: 'Let me look.' },
    { tool_calls: [{ index: 0, id: 'toolu_1', type: 'function', function: { name: 'get_weather', arguments: '' } }] },
    { tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] },
    { tool_calls: [{ index: 0, function: { arguments: '"Köln"}' } }] },
    { tool_calls: [{ index: 1, id: 'toolu_2', type: 'function', function: { name: 'get_time', arguments: '' } }] },
    { tool_calls: [{ index: 1, function: { arguments: '{}' } }] },
    {},
  ]);
});

test('the input of the answering tool streams as the text, without the talk before it', () => {
  const events = read([load('structured')], 'city');
  expect(toDeltas(events)).toEqual([{ role: 'assistant', content: '{"name":' }, { content: '"Köln"}' }, {}]);
  expect(events.at(-2)?.chunk.choices[0]?.finish_reason).toBe('stop');
});

test('text is delivered after all when the answering tool was not called', () => {
  const deltas = toDeltas(read([load('text')], 'city'));
  expect(deltas).toEqual([{ role: 'assistant', content: 'Grüße, 世界 🌍' }, {}]);
});

test('a citation with a URL becomes an annotation over its block', () => {
  const citation = { type: 'web_search_result_location', url: 'https://a.example/', title: null, cited_text: 'x' };
  const block = (index: number, text: string, ...more: object[]) => [
    { type: 'content_block_start', index, content_block: { type: 'text', text: '' } },
    ...more,
    { type: 'content_block_delta', index, delta: { type: 'text_delta', text } },
    { type: 'content_block_stop', index },
  ];
  const cited = { type: 'content_block_delta', index: 1, delta: { type: 'citations_delta', citation } };
  const deltas = toDeltas(read(toEvents(start, ...block(0, 'One. '), ...block(1, 'Two.', cited), end)));
  expect(deltas).toContainEqual({
    annotations: [
      {
        type: 'url_citation',
        url_citation: { url: 'https://a.example/', title: 'https://a.example/', start_index: 5, end_index: 9 },
      },
    ],
  });
});

test('a call whose input came whole, and one whose block never stopped, have arguments that parse', () => {
  const tool = (index: number, input: object) => ({
    type: 'content_block_start',
    index,
    content_block: { type: 'tool_use', id: `toolu_${index}`, name: 'x', input },
  });
  const deltas = toDeltas(
    read(toEvents(start, tool(0, { a: 1 }), { type: 'content_block_stop', index: 0 }, tool(1, {}), end)),
  );
  const texts = deltas.flatMap((delta) => delta.tool_calls ?? []).map((call) => call.function?.arguments);
  expect(texts).toEqual(['', '{"a":1}', '', '{}']);
});

test('the stop sequence that ended a stream is told beside its finish', () => {
  const delta = { stop_reason: 'stop_sequence', stop_sequence: 'END' };
  const events = read(toEvents(start, { type: 'message_delta', delta, usage: { output_tokens: 2 } }));
  expect(events.at(-2)?.chunk.choices[0]).toMatchObject({ finish_reason: 'stop', stop_sequence: 'END' });
  expect(read(toEvents(start, end)).at(-2)?.chunk.choices[0]).not.toHaveProperty('stop_sequence');
});

test('a stop reason without message_stop is an end, and message_stop without a reason is one too', () => {
  expect(read(toEvents(start, end)).at(-2)?.chunk.choices[0]?.finish_reason).toBe('stop');
  expect(read(toEvents(start, { type: 'message_stop' })).at(-2)?.chunk.choices[0]?.finish_reason).toBe('stop');
});

test('a stream without its end is interrupted', () => {
  const reader = createMessageStreamReader({ model: 'm' });
  reader.push({ event: '', data: JSON.stringify(start) });
  expect(() => reader.end()).toThrow(expect.objectContaining({ code: 'server_error', retryable: true }));
});

test('an error event is the error it names, found by the name of the event when need be', () => {
  expect(() => read([load('error-midstream')])).toThrow(
    expect.objectContaining({ code: 'server_error', upstreamStatus: 529 }),
  );
  const reader = createMessageStreamReader({ model: 'm' });
  const data = '{"error":{"type":"rate_limit_error","message":"x"}}';
  expect(() => reader.push({ event: 'error', data })).toThrow(expect.objectContaining({ code: 'rate_limit' }));
});

test.each(['{', '[]', 'null'])('an event that is no object (%s) is a server error', (data) => {
  const reader = createMessageStreamReader({ model: 'm' });
  expect(() => reader.push({ event: '', data })).toThrow(expect.objectContaining({ code: 'server_error' }));
});

test.each(['text', 'thinking-and-tools'])('%s reads the same wherever its bytes are cut', (name) => {
  const bytes = load(name);
  const whole = toDeltas(read([bytes]));
  fc.assert(
    fc.property(fc.array(fc.nat({ max: bytes.length }), { maxLength: 40 }), (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const pieces = places.slice(1).map((place, position) => bytes.subarray(places[position], place));
      expect(toDeltas(read(pieces))).toEqual(whole);
    }),
    { numRuns: 60 },
  );
});
