import { describe, expect, test } from 'vitest';
import type { ChatMessage } from '../../../shared/contracts/chat-provider.ts';
import { toConversation } from '../../../shared/providers/gemini-messages.ts';
import { toModelTraits } from '../../../shared/providers/gemini-model.ts';
import { toRequest } from './gemini-fake.ts';

function convert(messages: readonly object[], model = 'gemini-3-flash-preview') {
  const { messages: frozen } = toRequest({ messages });
  return toConversation(frozen as ChatMessage[], { backend: 'gemini', traits: toModelTraits(model) });
}

function toCall(id: string, city: string, signature?: string) {
  return {
    id,
    type: 'function',
    function: { name: 'get_weather', arguments: JSON.stringify({ city }) },
    ...(signature ? { extra_content: { google: { thought_signature: signature } } } : {}),
  };
}

describe('roles', () => {
  test('system and developer texts are joined in order, wherever they stand', () => {
    const { systemInstruction, contents } = convert([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hello' },
      { role: 'developer', content: [{ type: 'text', text: 'Be kind.' }] },
    ]);
    expect(systemInstruction).toEqual({ parts: [{ text: 'Be brief.\n\nBe kind.' }] });
    expect(contents).toEqual([{ role: 'user', parts: [{ text: 'Hello' }] }]);
  });

  test('neighbours of one role become one content, and empty ones none', () => {
    const { contents } = convert([
      { role: 'user', content: 'One' },
      { role: 'assistant', content: '' },
      { role: 'user', name: 'Ada', content: 'Two' },
      { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }], reasoning_content: 'hidden' },
    ]);
    expect(contents).toEqual([
      { role: 'user', parts: [{ text: 'One' }, { text: 'Ada: Two' }] },
      { role: 'model', parts: [{ text: 'No.' }] },
    ]);
  });

  test('instructions alone are the prompt', () => {
    expect(convert([{ role: 'system', content: 'Say hello.' }])).toEqual({
      contents: [{ role: 'user', parts: [{ text: 'Say hello.' }] }],
    });
  });

  test('a conversation without content is refused', () => {
    expect(() => convert([{ role: 'user', content: '' }])).toThrow(
      expect.objectContaining({ code: 'unsupported', param: 'messages' }),
    );
  });

  test('the old function role is refused by name', () => {
    expect(() => convert([{ role: 'function', name: 'f', content: 'x' }])).toThrow(
      expect.objectContaining({ code: 'unsupported', param: 'messages[0].role' }),
    );
  });
});

describe('calls and results', () => {
  test('calls carry their ids and signatures, results the names of their calls, in the order of the calls', () => {
    const { contents } = convert([
      { role: 'user', content: 'Weather?' },
      { role: 'assistant', content: 'Let me see.', tool_calls: [toCall('a', 'Köln', 'c2ln'), toCall('b', 'Bonn')] },
      { role: 'tool', tool_call_id: 'b', content: '{"sky":"clear"}' },
      { role: 'tool', tool_call_id: 'a', content: 'rain' },
      { role: 'user', content: 'And now?' },
    ]);
    expect(contents.slice(1)).toEqual([
      {
        role: 'model',
        parts: [
          { text: 'Let me see.' },
          { functionCall: { id: 'a', name: 'get_weather', args: { city: 'Köln' } }, thoughtSignature: 'c2ln' },
          { functionCall: { id: 'b', name: 'get_weather', args: { city: 'Bonn' } } },
        ],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { id: 'a', name: 'get_weather', response: { result: 'rain' } } },
          { functionResponse: { id: 'b', name: 'get_weather', response: { sky: 'clear' } } },
        ],
      },
      { role: 'user', parts: [{ text: 'And now?' }] },
    ]);
  });

  test('the first call of a turn without any signature says so, for models that check', () => {
    const messages = [{ role: 'assistant', tool_calls: [toCall('a', 'Köln'), toCall('b', 'Bonn')] }];
    const signatures = (model: string) =>
      convert(messages, model).contents[0]?.parts?.map((part) => part.thoughtSignature);
    expect(signatures('gemini-3-flash-preview')).toEqual(['skip_thought_signature_validator', undefined]);
    expect(signatures('gemini-2.5-flash')).toEqual([undefined, undefined]);
  });

  test('the signature of a text goes back on the text', () => {
    const extra = { extra_content: { google: { thought_signature: 'c2ln' } } };
    expect(convert([{ role: 'assistant', content: 'Hi', ...extra }]).contents).toEqual([
      { role: 'model', parts: [{ text: 'Hi', thoughtSignature: 'c2ln' }] },
    ]);
  });

  test('images the model made go back where they were made, with their signatures', () => {
    const extra = { extra_content: { google: { thought_signature: 'c2ln' } } };
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0=' } };
    const images = [{ ...image, ...extra }, image, { type: 'audio' }, null];
    expect(convert([{ role: 'assistant', content: 'Here.', images }]).contents).toEqual([
      {
        role: 'model',
        parts: [
          { text: 'Here.' },
          { inlineData: { mimeType: 'image/png', data: 'iVBORw0=' }, thoughtSignature: 'c2ln' },
          { inlineData: { mimeType: 'image/png', data: 'iVBORw0=' } },
        ],
      },
    ]);
    expect(
      convert([
        { role: 'assistant', content: null, images: 'none' },
        { role: 'user', content: 'x' },
      ]).contents,
    ).toHaveLength(1);
  });

  test.each([
    ['{"a":1}', { a: 1 }],
    ['[1,2]', { result: '[1,2]' }],
    ['{"$ref":"#/x"}', { result: '{"$ref":"#/x"}' }],
    ['{broken', { result: '{broken' }],
    ['', { result: '' }],
  ])('a result of %j is an object', (content, response) => {
    const { contents } = convert([
      { role: 'assistant', tool_calls: [toCall('a', 'Köln')] },
      { role: 'tool', tool_call_id: 'a', content },
    ]);
    expect(contents[1]?.parts?.[0]?.functionResponse?.response).toEqual(response);
  });

  test('an image in a result goes inside it, or beside it for models that do not look there', () => {
    const messages = [
      { role: 'assistant', tool_calls: [toCall('a', 'Köln'), toCall('b', 'Bonn')] },
      {
        role: 'tool',
        tool_call_id: 'a',
        content: [
          { type: 'text', text: 'See:' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0=' } },
        ],
      },
      { role: 'tool', tool_call_id: 'b', content: 'none' },
    ];
    const image = { inlineData: { mimeType: 'image/png', data: 'iVBORw0=' } };
    const seen = { id: 'a', name: 'get_weather', response: { result: 'See:' } };
    const none = { functionResponse: { id: 'b', name: 'get_weather', response: { result: 'none' } } };
    expect(convert(messages).contents[1]?.parts).toEqual([{ functionResponse: { ...seen, parts: [image] } }, none]);
    expect(convert(messages, 'gemini-2.5-flash').contents[1]?.parts).toEqual([{ functionResponse: seen }, none, image]);
  });

  test('ids that start again in each turn name the latest call', () => {
    const { contents } = convert([
      { role: 'assistant', tool_calls: [toCall('1', 'Köln')] },
      { role: 'tool', tool_call_id: '1', content: 'rain' },
      { role: 'assistant', tool_calls: [{ id: '1', type: 'function', function: { name: 'get_time', arguments: '' } }] },
      { role: 'tool', tool_call_id: '1', content: 'noon' },
    ]);
    expect(contents.map(({ parts }) => parts?.[0]?.functionResponse?.name)).toEqual([
      undefined,
      'get_weather',
      undefined,
      'get_time',
    ]);
    expect(contents[2]?.parts?.[0]?.functionCall?.args).toEqual({});
  });

  test('a result without its call is refused', () => {
    expect(() => convert([{ role: 'tool', tool_call_id: 'lost', content: 'x' }])).toThrow(
      expect.objectContaining({ code: 'unsupported', param: 'messages[0].tool_call_id' }),
    );
  });

  test('a call that was cut off goes back as it was written, under one key', () => {
    const call = { id: 'a', type: 'function', function: { name: 'f', arguments: '{"city":' } };
    const { contents } = convert([{ role: 'assistant', tool_calls: [call] }]);
    expect(contents[0]?.parts?.[0]?.functionCall?.args).toEqual({ invalid_arguments: '{"city":' });
  });

  test('custom tool calls are refused', () => {
    const call = { id: 'a', type: 'custom', custom: { name: 'f', input: 'x' } };
    expect(() => convert([{ role: 'assistant', tool_calls: [call] }])).toThrow(
      expect.objectContaining({ code: 'unsupported', param: 'messages[0].tool_calls[0]' }),
    );
  });
});
