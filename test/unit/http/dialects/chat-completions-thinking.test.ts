import { readFileSync } from 'node:fs';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { type ChatChunkChoice, type ChatEvent, eventsOf } from '../../../../shared/contracts/chat-provider.ts';
import { toEventPieces } from '../../../../shared/http/dialects/chat-completions-format.ts';
import { createThinkingMover } from '../../../../shared/http/dialects/chat-completions-thinking.ts';
import { createMessageStreamReader } from '../../../../shared/providers/anthropic-stream.ts';
import { createEventReader } from '../../../../shared/providers/event-reader.ts';
import { FACTS } from './messages-reader.ts';

type Delta = ChatChunkChoice['delta'];

const signed = { type: 'thinking' as const, thinking: 'Hm.', signature: 's' };
const redacted = { type: 'redacted_thinking' as const, data: 'opaque' };

function toEvent(delta: Delta, finish: 'stop' | null = null, index = 0): ChatEvent {
  const choice = { index, delta, logprobs: null, finish_reason: finish };
  return { chunk: { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [choice] } };
}

function collect(...list: readonly (readonly ChatEvent[])[]): ChatEvent[] {
  const move = createThinkingMover();
  return list.flatMap((batch) => eventsOf(move(batch)));
}

const deltas = (events: readonly ChatEvent[]) => events.flatMap(({ chunk }) => chunk.choices.map(({ delta }) => delta));

describe('createThinkingMover', () => {
  it('tells all blocks of a choice once, with its finish', () => {
    const events = collect(
      [toEvent({ role: 'assistant', content: '', reasoning_content: 'Hm.' }), toEvent({ thinking_blocks: [signed] })],
      [toEvent({ thinking_blocks: [redacted], content: 'Hi' }), toEvent({ thinking_blocks: [signed] }, null, 1)],
      [toEvent({}, 'stop'), toEvent({ content: '' }, 'stop', 1)],
    );
    expect(deltas(events)).toEqual([
      { role: 'assistant', content: '', reasoning_content: 'Hm.' },
      { content: 'Hi' },
      { thinking_blocks: [signed, redacted] },
      { content: '', thinking_blocks: [signed] },
    ]);
  });

  it('leaves a stream without them, and an upstream in its own words, as they are', () => {
    const plain = [toEvent({ content: 'a' }), toEvent({}, 'stop')];
    expect(collect(plain)).toEqual(plain);
    const own = { ...toEvent({ thinking_blocks: [signed] }), json: '{}' };
    expect(collect([own], plain)).toEqual([own, ...plain]);
  });

  it('changes no event it was given', () => {
    const event = toEvent({ thinking_blocks: [signed], content: 'a' });
    const before = structuredClone(event);
    collect([event, toEvent({}, 'stop')]);
    expect(event).toEqual(before);
  });
});

describe('the stream helper of the official client, fed by an Anthropic stream of thinking and calls', () => {
  async function* answer(): AsyncGenerator<readonly ChatEvent[]> {
    const url = new URL('../../../fixtures/providers/anthropic/thinking-and-tools.sse', import.meta.url);
    const reader = createMessageStreamReader({ model: 'claude' });
    for (const event of createEventReader().push(readFileSync(url))) yield reader.push(event);
    yield reader.end();
  }

  it('ends in a message with every block and its signature', async () => {
    let text = '';
    const hooks = { includeUsage: true, onEvent: () => {}, settle: async () => FACTS };
    for await (const piece of toEventPieces(answer(), hooks)) text += piece;
    const client = new OpenAI({
      apiKey: 'key',
      baseURL: 'http://127.0.0.1',
      maxRetries: 0,
      fetch: async () => new Response(text, { headers: { 'content-type': 'text/event-stream' } }),
    });
    const stream = client.chat.completions.stream({ model: 'm', messages: [{ role: 'user', content: 'Hello' }] });
    expect(await stream.finalMessage()).toMatchObject({
      role: 'assistant',
      content: 'Let me look.',
      thinking_blocks: [
        { type: 'thinking', thinking: 'Two cities, two calls.', signature: 'c2lnbmF0dXJl' },
        { type: 'redacted_thinking', data: 'b3BhcXVl' },
      ],
      tool_calls: [
        { id: 'toolu_1', function: { name: 'get_weather', arguments: '{"city":"Köln"}' } },
        { id: 'toolu_2', function: { name: 'get_time', arguments: '{}' } },
      ],
    });
  });
});
