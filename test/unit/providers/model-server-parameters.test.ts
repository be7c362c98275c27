import { describe, expect, it } from 'vitest';
import type { ChatProvider, ChatRequest } from '../../../shared/contracts/chat-provider.ts';
import { chatSchema } from '../../../shared/http/schemas/chat-schema.ts';
import { toChatBody } from '../../../shared/providers/ollama-request.ts';
import { chatProviders } from '../../../shared/providers/registry.ts';
import { fitRequest } from '../../../shared/routing/fit-request.ts';

const SAMPLING = { top_k: 20, min_p: 0.1, repetition_penalty: 1.1 };
const GRAMMAR = {
  chat_template_kwargs: { enable_thinking: false },
  structured_outputs: { choice: ['a', 'b'] },
  guided_json: { type: 'object' },
  guided_regex: 'a+',
  guided_choice: ['a', 'b'],
  guided_grammar: 'root ::= "a"',
  guided_decoding_backend: 'xgrammar',
  guided_whitespace_pattern: ' ',
};
const BODY = { model: 'm', messages: [{ role: 'user', content: 'Hello' }] };

async function toFitted(id: string, fields: object) {
  const provider = await (chatProviders[id] as () => Promise<ChatProvider>)();
  return fitRequest(id, provider.capabilities, { ...BODY, ...fields } as ChatRequest);
}

describe('the parameters of model servers', () => {
  it('are taken in a request', () => {
    expect(chatSchema.parse({ ...BODY, ...SAMPLING, ...GRAMMAR })).toEqual({ ...BODY, ...SAMPLING, ...GRAMMAR });
  });

  it.each([{ top_k: 1.5 }, { top_k: -2 }, { min_p: 2 }, { repetition_penalty: 0 }, { guided_choice: [] }])(
    'are checked: %j',
    (fields) => {
      expect(chatSchema.safeParse({ ...BODY, ...fields }).success).toBe(false);
    },
  );

  it('all reach vLLM', async () => {
    expect(await toFitted('vllm', { ...SAMPLING, ...GRAMMAR })).toEqual({
      request: { ...BODY, ...SAMPLING, ...GRAMMAR },
      dropped: [],
    });
  });

  it.each(['vllm', 'huggingface', 'ollama'])('of sampling reach %s', async (id) => {
    expect(await toFitted(id, SAMPLING)).toEqual({ request: { ...BODY, ...SAMPLING }, dropped: [] });
  });

  it.each(Object.keys(chatProviders).filter((id) => !['vllm', 'huggingface', 'ollama'].includes(id)))(
    'of sampling are left out for %s, and named',
    async (id) => {
      expect(await toFitted(id, SAMPLING)).toEqual({ request: BODY, dropped: Object.keys(SAMPLING) });
    },
  );

  describe.each(Object.keys(chatProviders).filter((id) => id !== 'vllm'))('%s', (id) => {
    it.each(Object.entries(GRAMMAR))('refuses %s, without which the answer would be another', async (param, value) => {
      await expect(toFitted(id, { [param]: value })).rejects.toMatchObject({ code: 'unsupported', param });
    });
  });

  it('of sampling have names of their own with Ollama', () => {
    const request = { ...BODY, ...SAMPLING } as unknown as ChatRequest;
    expect(toChatBody({ request, model: 'llama3.1:8b', stream: false }).options).toEqual({
      top_k: 20,
      min_p: 0.1,
      repeat_penalty: 1.1,
    });
  });
});
