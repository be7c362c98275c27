import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../shared/contracts/chat-provider.ts';
import {
  toCompatibleRequest,
  toHuggingFaceRequest,
  toOpenAIRequest,
  toVllmRequest,
  toXaiRequest,
} from '../../../shared/providers/openai-request.ts';
import { freeze } from './freeze.ts';

const PLAIN: ChatRequest = {
  model: 'agent',
  temperature: 0,
  messages: [
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
      images: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }],
      annotations: [{ type: 'url_citation', url_citation: { url: 'https://x.example' } }],
      tool_calls: [
        {
          index: 0,
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
    expect(toCompatibleRequest(PLAIN)).toBe(PLAIN);
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
    expect(toCompatibleRequest(request).messages[0]).toBe(PLAIN.messages[0]);
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

  it.each([
    ['vllm', toVllmRequest, 'system'],
    ['huggingface', toHuggingFaceRequest, 'system'],
    ['openai', (request: ChatRequest) => toOpenAIRequest(request, 'gpt-5'), 'developer'],
    ['xai', toXaiRequest, 'developer'],
  ] as const)('gives the instructions of a developer to %s under a role that it knows', (_, toRequest, role) => {
    const request: ChatRequest = { model: 'agent', messages: [{ role: 'developer', content: 'Be brief.' }] };
    expect(toRequest(freeze(request)).messages).toEqual([{ role, content: 'Be brief.' }]);
  });

  it.each([
    ['openai', (request: ChatRequest) => toOpenAIRequest(request, 'gpt-5')],
    ['xai', toXaiRequest],
    ['vllm', toVllmRequest],
    ['huggingface', toHuggingFaceRequest],
    ['any other', toCompatibleRequest],
  ] as const)('has text alone in the results of tools for %s', (_, toRequest) => {
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } };
    const messages = [...TRAVELLED.messages.slice(0, 2), { role: 'tool', tool_call_id: 'a', content: [image] }];
    const sent = toRequest({ ...TRAVELLED, messages } as unknown as ChatRequest);
    expect(sent.messages.slice(2)).toMatchObject([
      { role: 'tool', content: expect.any(String) },
      { role: 'user', content: [{ type: 'text' }, image] },
    ]);
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
