import { describe, expect, it } from 'vitest';
import type { ChatCall } from '../../../shared/contracts/chat-provider.ts';
import { createHuggingFaceProvider } from '../../../shared/providers/huggingface.ts';
import { toChatCall } from '../../support/chat-call.ts';

const provider = createHuggingFaceProvider();

function respondWith(status: number, body: object, seen: string[] = []): ChatCall['fetch'] {
  return async (_url, init) => {
    seen.push(String(init?.body));
    return {
      status,
      ok: status < 300,
      headers: { get: () => null },
      text: async () => JSON.stringify(body),
      async *chunks() {},
    };
  };
}

const ANSWER = { choices: [{ message: { content: 'a' }, finish_reason: 'stop' }] };

describe('Hugging Face', () => {
  it.each(['tgi', 'meta-llama/Llama-3.1-8B-Instruct', 'Qwen/Qwen3-32B:groq', 'a/b:fastest', 'x'.repeat(256)])(
    'takes the model %s',
    async (model) => {
      const seen: string[] = [];
      await provider.complete(toChatCall({ fetch: respondWith(200, ANSWER, seen), model }));
      expect(JSON.parse(seen[0] ?? '')).toMatchObject({ model });
    },
  );

  it.each(['../../x', 'a/b/c', 'a/..', 'a..b', '', '/a', 'a/', 'a b', 'a/b:c:d', 'a?b', 'a%2e%2e', 'x'.repeat(257)])(
    'refuses the model %j before any request',
    async (model) => {
      const seen: string[] = [];
      const call = toChatCall({ fetch: respondWith(200, ANSWER, seen), model });
      await expect(provider.complete(call)).rejects.toMatchObject({ code: 'invalid_request', param: 'model' });
      await expect(provider.stream(call)).rejects.toMatchObject({ code: 'invalid_request', param: 'model' });
      expect(seen).toEqual([]);
    },
  );

  it('names the inference providers there are when one is refused that is not', async () => {
    const fetch = respondWith(400, { error: { message: 'no' } });
    await expect(provider.complete(toChatCall({ fetch, model: 'a/b:grok-q' }))).rejects.toMatchObject({
      code: 'model_not_found',
      upstreamStatus: 400,
      message: expect.stringMatching(/grok-q.*\bcerebras\b.*\bgroq\b/),
    });
  });

  it.each(['a/b', 'a/b:fastest', 'a/b:groq'])('keeps the refusal of %s as it is', async (model) => {
    const fetch = respondWith(400, { error: { message: 'no' } });
    await expect(provider.stream(toChatCall({ fetch, model }))).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('keeps a failure that is not about the model as it is', async () => {
    const fetch = respondWith(503, { error: 'busy' });
    await expect(provider.complete(toChatCall({ fetch, model: 'a/b:grok-q' }))).rejects.toMatchObject({
      code: 'server_error',
    });
  });
});
