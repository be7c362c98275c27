import { describe, expect, it } from 'vitest';
import type { ChatMessage, ChatRequest } from '../../../shared/contracts/chat-provider.ts';
import { hasImages, measurePrompt } from '../../../shared/routing/prompt-size.ts';

const image: ChatMessage = {
  role: 'user',
  content: [{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }],
};
const call = { id: 'c', type: 'function', function: { name: 'find', arguments: '{}' } } as const;

describe('the size of a prompt', () => {
  it.each<[string, readonly ChatMessage[], number]>([
    ['nothing', [], 0],
    ['a word', [{ role: 'user', content: 'Hi' }], 5],
    ['parts of text', [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }], 5],
    ['a message without content', [{ role: 'assistant', content: null }], 4],
    ['a refusal', [{ role: 'assistant', content: [{ type: 'refusal', refusal: 'No' }] }], 5],
    ['a picture', [image], 1_504],
    ['a file by its id', [{ role: 'user', content: [{ type: 'file', file: { file_id: 'f' } }] }], 2_504],
    [
      'a file of several pages',
      [{ role: 'user', content: [{ type: 'file', file: { file_data: 'A'.repeat(100_001) } }] }],
      5_004,
    ],
    [
      'sound',
      [
        {
          role: 'user',
          content: [{ type: 'input_audio', input_audio: { data: 'A'.repeat(2_000), format: 'mp3' as const } }],
        },
      ],
      6,
    ],
  ])('counts %s', (_, messages, tokens) => {
    expect(measurePrompt({ messages })).toEqual({ tokens });
  });

  it('counts calls, definitions of tools and functions, and the schema of the answer', () => {
    const empty = { messages: [] };
    const sizeOf = (fields: Partial<ChatRequest>): number => measurePrompt({ ...empty, ...fields }).tokens;
    expect(sizeOf({ messages: [{ role: 'assistant', content: null, tool_calls: [call] }] })).toBeGreaterThan(8);
    expect(sizeOf({ tools: [{ type: 'function', function: { name: 'find' } }] })).toBeGreaterThan(8);
    expect(sizeOf({ functions: [{ name: 'find' }] })).toBeGreaterThan(4);
    const schema = { name: 'place', schema: { type: 'object' } };
    expect(sizeOf({ response_format: { type: 'json_schema', json_schema: schema } })).toBeGreaterThan(4);
  });

  it('tells a picture from other parts', () => {
    expect(hasImages({ messages: [{ role: 'user', content: 'image_url' }, image] })).toBe(true);
    expect(hasImages({ messages: [{ role: 'user', content: [{ type: 'text', text: 'image_url' }] }] })).toBe(false);
  });
});
