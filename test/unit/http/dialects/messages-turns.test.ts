import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatCompletion } from '../../../../shared/contracts/chat-provider.ts';
import { createMessagesFormat } from '../../../../shared/http/dialects/messages-format.ts';
import { toChatMessages, toSystemMessages } from '../../../../shared/http/dialects/messages-turns.ts';
import { messagesSchema } from '../../../../shared/http/schemas/messages-schema.ts';
import { parseRequest } from '../../../../shared/http/validation.ts';
import { FACTS } from './messages-reader.ts';

const EPHEMERAL = { type: 'ephemeral' } as const;

const read = (...messages: object[]) =>
  toChatMessages(parseRequest(messagesSchema, { model: 'm', max_tokens: 1, messages }).messages);
const result = (fields: object) =>
  read({ role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c', ...fields }] })[0];

describe('toChatMessages', () => {
  it('keeps plain text plain', () => {
    expect(
      read(
        { role: 'user', content: 'a' },
        { role: 'assistant', content: [{ type: 'text', text: 'b', citations: null }] },
        { role: 'user', content: [{ type: 'text', text: 'c' }] },
      ),
    ).toEqual([
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
      { role: 'user', content: 'c' },
    ]);
  });

  it('puts tool results before what else a turn says, each a message of its own', () => {
    expect(
      read({
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a', content: '1' },
          { type: 'text', text: 'And now?' },
          { type: 'tool_result', tool_use_id: 'b', content: [{ type: 'text', text: '2' }], cache_control: EPHEMERAL },
        ],
      }),
    ).toEqual([
      { role: 'tool', tool_call_id: 'a', content: '1' },
      { role: 'tool', tool_call_id: 'b', content: '2', cache_control: EPHEMERAL },
      { role: 'user', content: 'And now?' },
    ]);
  });

  it('joins the text of an assistant turn and lists its calls', () => {
    expect(
      read({
        role: 'assistant',
        content: [
          { type: 'text', text: 'Let me ' },
          {
            type: 'tool_use',
            id: 'a',
            name: 'f',
            input: { x: 1 },
            caller: { type: 'direct' },
            extra_content: { google: { thought_signature: 's' } },
          },
          { type: 'text', text: 'look.' },
        ],
      }),
    ).toEqual([
      {
        role: 'assistant',
        content: 'Let me look.',
        tool_calls: [
          {
            id: 'a',
            type: 'function',
            function: { name: 'f', arguments: '{"x":1}' },
            extra_content: { google: { thought_signature: 's' } },
          },
        ],
      },
    ]);
  });

  it('gives a turn of calls alone no text', () => {
    const [message] = read({ role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'f', input: {} }] });
    expect(message?.content).toBeNull();
  });

  it('carries signed thinking and tells the text of all thinking', () => {
    expect(
      read({
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'One. ', signature: 'sig' },
          { type: 'redacted_thinking', data: 'opaque' },
          { type: 'thinking', thinking: 'Two.', signature: 'sluice:unsigned' },
          { type: 'text', text: 'x' },
        ],
      }),
    ).toEqual([
      {
        role: 'assistant',
        content: 'x',
        reasoning_content: 'One. Two.',
        thinking_blocks: [
          { type: 'thinking', thinking: 'One. ', signature: 'sig' },
          { type: 'redacted_thinking', data: 'opaque' },
        ],
      },
    ]);
  });

  it('says in words that a tool failed', () => {
    expect(result({ content: 'no such file', is_error: true })).toMatchObject({ content: 'Error: no such file' });
    expect(result({ content: 'Error: no such file', is_error: true })).toMatchObject({
      content: 'Error: no such file',
    });
    expect(result({ is_error: true })).toMatchObject({ content: 'Error: the tool failed.' });
    expect(result({ content: [], is_error: true })).toMatchObject({ content: 'Error:' });
    const image = { type: 'image', source: { type: 'url', url: 'https://a.example/a.png' } };
    expect(result({ content: [image], is_error: true })?.content).toEqual([
      { type: 'text', text: 'Error:' },
      { type: 'image_url', image_url: { url: 'https://a.example/a.png' } },
    ]);
    expect(result({ content: 'fine', is_error: false })).toEqual({ role: 'tool', tool_call_id: 'c', content: 'fine' });
  });

  it('keeps a turn with calls of the vendor beside what every provider can be told of it', () => {
    const server = { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'x' } };
    const found = { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [{ encrypted_content: 'e' }] };
    const signed = { type: 'thinking', thinking: 'Hm.', signature: 's' };
    const foreign = { type: 'thinking', thinking: 'Ours.', signature: 'sluice:unsigned' };
    const text = { type: 'text', text: 'Found.', citations: [{ type: 'web_search_result_location' }] };
    const call = { type: 'tool_use', id: 'c', name: 'f', input: {}, caller: null, extra_content: { a: 1 } };
    expect(read({ role: 'assistant', content: [signed, foreign, server, found, text, call] })).toEqual([
      {
        role: 'assistant',
        content: 'Found.',
        reasoning_content: 'Hm.Ours.',
        thinking_blocks: [signed],
        tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' }, extra_content: { a: 1 } }],
        content_blocks: [signed, server, found, text, { type: 'tool_use', id: 'c', name: 'f', input: {} }],
      },
    ]);
  });

  it('takes results without content and with images', () => {
    expect(result({})).toEqual({ role: 'tool', tool_call_id: 'c', content: '' });
    const source = { type: 'base64', media_type: 'image/png', data: 'AAAA' };
    const content = [
      { type: 'text', text: 'Here:' },
      { type: 'image', source },
    ];
    expect(result({ content })?.content).toEqual([
      { type: 'text', text: 'Here:' },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
    ]);
  });

  it('keeps cache markers where they stand', () => {
    const marked = { type: 'text' as const, text: 'a', cache_control: EPHEMERAL };
    const call = { type: 'tool_use', id: 'c', name: 'f', input: {}, cache_control: EPHEMERAL };
    expect(read({ role: 'user', content: [marked] })[0]?.content).toEqual([marked]);
    expect(read({ role: 'assistant', content: [marked] })[0]?.content).toEqual([marked]);
    expect(read({ role: 'assistant', content: [call] })[0]).toMatchObject({
      tool_calls: [{ id: 'c', cache_control: EPHEMERAL }],
    });
    expect(toSystemMessages([{ type: 'text', text: 'plain' }, marked])).toEqual([
      { role: 'system', content: [{ type: 'text', text: 'plain' }, marked] },
    ]);
  });

  it('gives a conversation back as the inside answered it', () => {
    const signed = fc.record({
      type: fc.constant('thinking' as const),
      thinking: fc.string(),
      signature: fc.constant('s'),
    });
    const turns = fc.record({
      content: fc.string({ minLength: 1 }),
      thinking: fc.array(signed, { maxLength: 2 }),
      inputs: fc.array(fc.dictionary(fc.string(), fc.string()), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(turns, { minLength: 1, maxLength: 4 }), (script) => {
        const answered = script.map(
          ({ content, thinking, inputs }, turn): ChatCompletion['choices'][number]['message'] => {
            const reasoning = thinking.map((block) => block.thinking).join('');
            const calls = inputs.map((input, index) => ({
              id: `c${turn}-${index}`,
              type: 'function' as const,
              function: { name: 'f', arguments: JSON.stringify(input) },
            }));
            return {
              role: 'assistant',
              content,
              refusal: null,
              ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
              ...(thinking.length > 0 ? { thinking_blocks: thinking } : {}),
              ...(calls.length > 0 ? { tool_calls: calls } : {}),
            };
          },
        );
        const said = answered.flatMap((message) => {
          const { content } = JSON.parse(
            createMessagesFormat({}).toJson(
              {
                completion: {
                  id: 'x',
                  object: 'chat.completion',
                  created: 1,
                  model: 'm',
                  choices: [{ index: 0, message, logprobs: null, finish_reason: 'stop' }],
                },
              },
              FACTS,
            ),
          );
          const results = (message.tool_calls ?? []).map(({ id }) => ({
            type: 'tool_result',
            tool_use_id: id,
            content: `result of ${id}`,
          }));
          return [
            { role: 'assistant', content },
            { role: 'user', content: [...results, { type: 'text', text: 'Go on.' }] },
          ];
        });
        const expected = answered.flatMap(({ refusal: _refusal, ...message }) => [
          message,
          ...(message.tool_calls ?? []).map(({ id }) => ({
            role: 'tool',
            tool_call_id: id,
            content: `result of ${id}`,
          })),
          { role: 'user', content: 'Go on.' },
        ]);
        expect(read(...said)).toEqual(expected);
      }),
    );
  });
});
