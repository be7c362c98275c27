import { describe, expect, it } from 'vitest';
import { chatSchema } from '../../../../shared/http/schemas/chat-schema.ts';
import { parseRequest } from '../../../../shared/http/validation.ts';

const call = { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } };

/** The message as it goes on, as JSON. */
function read(message: object): unknown {
  const { messages } = parseRequest(chatSchema, { model: 'm', messages: [message] });
  return JSON.parse(JSON.stringify(messages[0]));
}

describe('an answer that comes back as a message', () => {
  it.each([
    ['reasoning details', { content: 'a', reasoning_details: [{ type: 'reasoning.text' }] }, { content: 'a' }],
    ['tools that the vendor ran', { content: 'a', executed_tools: [{ name: 'search' }] }, { content: 'a' }],
    ['a channel', { content: 'a', channel: 'final', stop_reason: null }, { content: 'a' }],
    ['what a client parsed', { content: '{}', parsed: { a: 1 } }, { content: '{}' }],
    [
      'the sound itself',
      { content: null, audio: { id: 'a1', data: 'AA==', transcript: 't', expires_at: 1 } },
      { content: null, audio: { id: 'a1' } },
    ],
    [
      'fields on a call',
      {
        tool_calls: [
          {
            ...call,
            index: 0,
            status: 'done',
            function: { ...call.function, description: null, parsed_arguments: {} },
          },
          { id: 'c', type: 'custom', custom: { name: 'g', input: '', index: 1 }, index: 1 },
        ],
      },
      { tool_calls: [call, { id: 'c', type: 'custom', custom: { name: 'g', input: '' } }] },
    ],
    ['fields on an older call', { function_call: { ...call.function, id: 'x' } }, { function_call: call.function }],
    [
      'fields on thinking',
      { content: 'a', thinking_blocks: [{ type: 'thinking', thinking: 'hm', signature: 's', index: 0 }] },
      { content: 'a', thinking_blocks: [{ type: 'thinking', thinking: 'hm', signature: 's' }] },
    ],
  ])('is taken without %s', (_, message, expected) => {
    expect(read({ role: 'assistant', ...message })).toEqual({ role: 'assistant', ...expected });
  });

  it('keeps what a later turn needs', () => {
    const message = {
      role: 'assistant',
      content: 'a',
      reasoning_content: 'hm',
      thinking_blocks: [{ type: 'redacted_thinking', data: 'x' }],
      extra_content: { google: { thought_signature: 's' } },
      images: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }],
      annotations: [],
      tool_calls: [{ ...call, extra_content: { google: { thought_signature: 's' } } }],
    };
    expect(read(message)).toEqual(message);
  });

  it.each([
    [{ reasoning: 'hm' }, 'hm'],
    [{ reasoning: 'hm', reasoning_content: null }, 'hm'],
    [{ reasoning: 'other', reasoning_content: 'hm' }, 'hm'],
    [{ reasoning: '' }, undefined],
    [{ reasoning: null }, undefined],
    [{ reasoning: { effort: 'low' } }, undefined],
  ])('has its thinking under one name: %j', (fields, thinking) => {
    const message = read({ role: 'assistant', content: 'a', ...fields });
    expect(message).toEqual({ role: 'assistant', content: 'a', ...(thinking ? { reasoning_content: thinking } : {}) });
  });

  it.each([
    ['calls without a name', { tool_calls: [{ ...call, function: { arguments: '' } }] }, 'tool_calls[0].function.name'],
    ['sound without an id', { audio: { data: 'AA==' } }, 'audio.id'],
    ['content that is none', { content: 5 }, 'content'],
  ])('is still refused for %s', (_, fields, param) => {
    expect(() => read({ role: 'assistant', ...fields })).toThrow(
      expect.objectContaining({ code: 'invalid_request', param: `messages[0].${param}` }),
    );
  });
});

describe('any other message', () => {
  it.each([
    [{ role: 'user', content: 'a', reasoning_details: [] }, 'reasoning_details'],
    [{ role: 'system', content: 'a', reasoning: 'x' }, 'reasoning'],
    [{ role: 'tool', content: 'a', tool_call_id: 'a', channel: 'x' }, 'channel'],
  ])('is refused for a field that is not known: %j', (message, param) => {
    expect(() => read(message)).toThrow(`Unrecognized request argument: messages[0].${param}.`);
  });

  it.each([
    [
      { type: 'image_url', image_url: { url: 'https://x.example/a.png', detail: 'original' } },
      { type: 'image_url', image_url: { url: 'https://x.example/a.png', detail: 'high' } },
    ],
    [
      { type: 'file', file: { file_id: 'f', file_data: null, filename: null } },
      { type: 'file', file: { file_id: 'f' } },
    ],
    [
      { type: 'text', text: 'a', cache_control: { type: 'ephemeral', scope: 'global' } },
      { type: 'text', text: 'a', cache_control: { type: 'ephemeral' } },
    ],
  ])('takes %j', (part, expected) => {
    expect(read({ role: 'user', content: [part] })).toEqual({ role: 'user', content: [expected] });
  });
});
