import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../shared/contracts/chat-provider.ts';
import {
  toHuggingFaceRequest,
  toOpenAIRequest,
  toVllmRequest,
  toXaiRequest,
  withoutForeignFields,
} from '../../../shared/providers/openai-request.ts';

const PLAIN: ChatRequest = {
  model: 'agent',
  temperature: 0,
  messages: [
    { role: 'developer', content: 'Be brief.' },
    { role: 'system', content: 'Be kind.' },
    { role: 'user', content: [{ type: 'text', text: 'Hello' }] },
  ],
};

/** A conversation that other vendors answered before. */
const TRAVELLED = {
  model: 'agent',
  messages: [
    { role: 'user', content: [{ type: 'text', text: 'Hello', cache_control: { type: 'ephemeral' } }] },
    {
      role: 'assistant',
      content: null,
      reasoning_content: 'hm',
      thinking_blocks: [{ type: 'thinking', thinking: 'hm', signature: 's' }],
      tool_calls: [
        {
          id: 'a',
          type: 'function',
          function: { name: 'f', arguments: '{}' },
          extra_content: { google: { thought_signature: 's' } },
        },
      ],
    },
    { role: 'tool', tool_call_id: 'a', content: 'done', cache_control: { type: 'ephemeral' } },
  ],
  tools: [{ type: 'function', function: { name: 'f' }, cache_control: { type: 'ephemeral' } }],
} as unknown as ChatRequest;

const CLEAN_MESSAGES = [
  { role: 'user', content: [{ type: 'text', text: 'Hello' }] },
  {
    role: 'assistant',
    content: null,
    tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
  },
  { role: 'tool', tool_call_id: 'a', content: 'done' },
];

describe('request for a compatible vendor', () => {
  it('is the very request when there is nothing to change', () => {
    expect(withoutForeignFields(PLAIN)).toBe(PLAIN);
    expect(toOpenAIRequest(PLAIN, 'gpt-4o')).toBe(PLAIN);
    expect(toXaiRequest(PLAIN)).toBe(PLAIN);
    expect(toVllmRequest(PLAIN)).toBe(PLAIN);
    expect(toHuggingFaceRequest(PLAIN)).toBe(PLAIN);
  });

  it('leaves out what only other vendors know, and leaves the original alone', () => {
    const before = structuredClone(TRAVELLED);
    const sent = toOpenAIRequest(TRAVELLED, 'gpt-4o');
    expect(sent.messages).toEqual(CLEAN_MESSAGES);
    expect(sent.tools).toEqual([{ type: 'function', function: { name: 'f' } }]);
    expect(TRAVELLED).toEqual(before);
  });

  it('shares the messages that did not change', () => {
    const request = { ...TRAVELLED, messages: [...PLAIN.messages, ...TRAVELLED.messages] };
    expect(withoutForeignFields(request).messages[0]).toBe(PLAIN.messages[0]);
  });

  it('gives earlier thinking back to xAI', () => {
    expect(toXaiRequest(TRAVELLED).messages[1]).toEqual({ ...CLEAN_MESSAGES[1], reasoning_content: 'hm' });
  });

  it('gives earlier thinking back to vLLM under both of its names', () => {
    const before = structuredClone(TRAVELLED);
    expect(toVllmRequest(TRAVELLED).messages[1]).toEqual({
      ...CLEAN_MESSAGES[1],
      reasoning_content: 'hm',
      reasoning: 'hm',
    });
    expect(TRAVELLED).toEqual(before);
  });

  it('passes live search parameters to xAI', () => {
    const request = { ...PLAIN, search_parameters: { mode: 'auto' } };
    expect(toXaiRequest(request)).toBe(request);
  });

  it.each(['o1', 'o3-mini', 'o4-mini-2025-04-16', 'gpt-5', 'gpt-5-mini', 'gpt-5.2', 'gpt-6', 'ft:o4-mini:acme::1'])(
    'names the output limit max_completion_tokens for %s',
    (model) => {
      const sent = toOpenAIRequest({ ...PLAIN, max_tokens: 100 }, model);
      expect(sent).toEqual({ ...PLAIN, max_completion_tokens: 100 });
    },
  );

  it.each(['gpt-4o', 'gpt-4.1', 'gpt-4-turbo', 'gpt-3.5-turbo', 'ft:gpt-4o:acme::1', 'omni', 'my-o1-clone'])(
    'leaves the output limit of %s alone',
    (model) => {
      const request = { ...PLAIN, max_tokens: 100 };
      expect(toOpenAIRequest(request, model)).toBe(request);
    },
  );

  it('lets max_completion_tokens win over max_tokens', () => {
    const sent = toOpenAIRequest({ ...PLAIN, max_tokens: 100, max_completion_tokens: 50 }, 'gpt-5');
    expect(sent).toEqual({ ...PLAIN, max_completion_tokens: 50 });
  });

  it('names the output limit max_tokens for Hugging Face', () => {
    expect(toHuggingFaceRequest({ ...PLAIN, max_completion_tokens: 50 })).toEqual({ ...PLAIN, max_tokens: 50 });
  });
});
