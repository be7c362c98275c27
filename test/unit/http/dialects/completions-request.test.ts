import { describe, expect, it } from 'vitest';
import { toChatBody } from '../../../../shared/http/dialects/completions-request.ts';
import { chatSchema } from '../../../../shared/http/schemas/chat-schema.ts';
import { completionsSchema } from '../../../../shared/http/schemas/completions-schema.ts';
import { parseRequest } from '../../../../shared/http/validation.ts';

const read = (fields: object) => toChatBody(parseRequest(completionsSchema, { model: 'm', prompt: 'Say', ...fields }));

describe('toChatBody of a text completion', () => {
  it('asks with the prompt as the one user message, says that it is to be continued, and sets nothing else', () => {
    const expected = { model: 'm', messages: [{ role: 'user', content: 'Say' }], text_completion: {} };
    expect(read({})).toEqual(expected);
    expect(read({ prompt: ['Say'] })).toEqual(expected);
    expect(read({ echo: true, suffix: null, best_of: 1 })).toEqual(expected);
    expect(read({ suffix: '' })).toEqual(expected);
    expect(read({ suffix: 'end' })).toEqual({ ...expected, text_completion: { suffix: 'end' } });
  });

  it('passes on what a chat knows, in a form the chat route would accept', () => {
    const fields = {
      frequency_penalty: 0.5,
      logit_bias: { '50256': -100 },
      max_tokens: 16,
      n: 2,
      presence_penalty: -0.5,
      seed: 7,
      stop: ['\n'],
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0,
      top_p: 1,
      user: 'u1',
      sluice: { cache: false },
    };
    const { text_completion, ...body } = read({ ...fields, best_of: 2 });
    expect(text_completion).toEqual({});
    expect(body).toEqual({ model: 'm', messages: [{ role: 'user', content: 'Say' }], ...fields });
    expect(parseRequest(chatSchema, body)).toEqual(body);
  });

  it('asks for log probabilities in the way of a chat', () => {
    expect(read({ logprobs: 3 })).toMatchObject({ logprobs: true, top_logprobs: 3 });
    expect(read({ logprobs: 0 })).toMatchObject({ logprobs: true });
    expect(read({ logprobs: 0 })).not.toHaveProperty('top_logprobs');
    expect(read({ logprobs: null })).not.toHaveProperty('logprobs');
  });

  it.each([
    ['several prompts', { prompt: ['a', 'b'] }, 'prompt'],
    ['tokens', { prompt: [1, 2, 3] }, 'prompt'],
    ['lists of tokens', { prompt: [[1, 2], [3]] }, 'prompt'],
    ['more answers to choose from than to give', { n: 1, best_of: 3 }, 'best_of'],
    ['the log probabilities of the prompt', { echo: true, logprobs: 0 }, 'echo'],
  ])('refuses %s by name', (_what, fields, param) => {
    expect(() => read(fields)).toThrow(expect.objectContaining({ code: 'unsupported', param }));
  });

  it.each([
    ['no prompt', { prompt: undefined }, 'prompt'],
    ['an unknown field', { messages: [] }, 'messages'],
    ['more alternatives than OpenAI has', { logprobs: 6 }, 'logprobs'],
  ])('refuses %s', (_what, fields, param) => {
    expect(() => read(fields)).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
  });
});
