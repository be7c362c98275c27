import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import type { ChatCapabilities, ChatRequest } from '../../../shared/contracts/chat-provider.ts';
import { fitRequest } from '../../../shared/routing/fit-request.ts';

const EVERYTHING: ChatCapabilities = {
  streaming: true,
  tools: true,
  jsonMode: true,
  jsonSchema: true,
  imageInput: true,
  audioInput: true,
  fileInput: true,
  reasoning: true,
  choices: true,
  parameters: {},
};

const request = (fields: Partial<ChatRequest> = {}): ChatRequest => ({
  model: 'm',
  messages: [{ role: 'user', content: 'Hello' }],
  ...fields,
});

const parts = (...content: unknown[]): Partial<ChatRequest> => ({
  messages: [{ role: 'user', content } as ChatRequest['messages'][number]],
});

const tool = { type: 'function' as const, function: { name: 'f' } };

function refusal(capabilities: Partial<ChatCapabilities>, fields: Partial<ChatRequest>): AppError | undefined {
  try {
    fitRequest('acme', { ...EVERYTHING, ...capabilities }, request(fields));
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

describe('fitting a request to a provider', () => {
  it('gives the very request back when the provider can do it all', () => {
    const full = request({ tools: [tool], n: 3, response_format: { type: 'json_object' }, temperature: 0 });
    expect(fitRequest('acme', EVERYTHING, full)).toEqual({ request: full, dropped: [] });
    expect(fitRequest('acme', EVERYTHING, full).request).toBe(full);
  });

  it.each<[string, keyof ChatCapabilities, Partial<ChatRequest>, string]>([
    ['tools', 'tools', { tools: [tool] }, 'tools'],
    ['several choices', 'choices', { n: 2 }, 'n'],
    ['JSON mode', 'jsonMode', { response_format: { type: 'json_object' } }, 'response_format'],
    [
      'a JSON schema',
      'jsonSchema',
      { response_format: { type: 'json_schema', json_schema: { name: 'x' } } },
      'response_format',
    ],
    [
      'images',
      'imageInput',
      parts({ type: 'text', text: 'a' }, { type: 'image_url', image_url: { url: 'x' } }),
      'messages',
    ],
    ['audio', 'audioInput', parts({ type: 'input_audio', input_audio: { data: 'x', format: 'wav' } }), 'messages'],
    ['files', 'fileInput', parts({ type: 'file', file: { file_id: 'x' } }), 'messages'],
  ])('refuses %s where they cannot be had, and takes them where they can', (_, capability, fields, param) => {
    expect(refusal({ [capability]: false }, fields)).toMatchObject({
      code: 'unsupported',
      param,
      retryable: false,
      message: expect.stringContaining('acme'),
    });
    expect(refusal({ [capability]: true }, fields)).toBeUndefined();
    // Only what was asked for counts.
    expect(refusal({ [capability]: false }, {})).toBeUndefined();
  });

  it.each<Partial<ChatRequest>>([{ tools: [] }, { n: 1 }, { response_format: { type: 'text' } }, { n: null }])(
    'does not take %j for a demand',
    (fields) => {
      const plain = { tools: false, choices: false, jsonMode: false, jsonSchema: false };
      expect(refusal(plain, fields)).toBeUndefined();
    },
  );

  it('sees an image in an earlier turn and in a tool’s result', () => {
    const image = { type: 'image_url', image_url: { url: 'x' } };
    for (const message of [
      { role: 'user', content: [image] },
      { role: 'tool', tool_call_id: 'c', content: [image] },
    ]) {
      const messages = [message, { role: 'user', content: 'And now?' }] as unknown as ChatRequest['messages'];
      expect(refusal({ imageInput: false }, { messages })).toMatchObject({ code: 'unsupported' });
    }
  });

  it('leaves out what is harmless and names it', () => {
    const given = request({ seed: 7, store: true, metadata: { a: 'b' }, temperature: 0.5 });
    const before = structuredClone(given);
    const { request: fitted, dropped } = fitRequest(
      'acme',
      { ...EVERYTHING, parameters: { seed: 'drop', store: 'drop', verbosity: 'drop' } },
      given,
    );
    expect(dropped).toEqual(['seed', 'store']);
    expect(fitted).toEqual({ model: 'm', messages: given.messages, metadata: { a: 'b' }, temperature: 0.5 });
    expect(given).toEqual(before);
  });

  it('refuses what would change the answer', () => {
    expect(refusal({ parameters: { logit_bias: 'refuse' } }, { logit_bias: { '1': 5 } })).toMatchObject({
      code: 'unsupported',
      param: 'logit_bias',
      message: 'acme cannot take `logit_bias`.',
    });
  });

  it.each<[keyof ChatRequest, unknown]>([
    ['logprobs', false],
    ['logprobs', null],
    ['top_logprobs', 0],
    ['presence_penalty', 0],
    ['frequency_penalty', 0],
    ['n', 1],
    ['top_p', 1],
    ['store', false],
    ['parallel_tool_calls', true],
    ['logit_bias', {}],
    ['metadata', {}],
    ['stop', []],
    ['functions', []],
    ['modalities', ['text']],
  ])('leaves %s = %j out without a word, because it asks for nothing', (param, value) => {
    for (const rule of ['drop', 'refuse'] as const) {
      const capabilities = { ...EVERYTHING, parameters: { [param]: rule } };
      const { request: fitted, dropped } = fitRequest('acme', capabilities, request({ [param]: value }));
      expect(dropped).toEqual([]);
      expect(fitted).not.toHaveProperty(param);
    }
  });

  it.each<[keyof ChatRequest, unknown]>([
    ['seed', 0],
    ['temperature', 0],
    ['top_p', 0],
    ['top_p', 0.9],
    ['n', 2],
    ['store', true],
    ['parallel_tool_calls', false],
    ['presence_penalty', -1],
    ['stop', ['a']],
    ['stop', 'a'],
    ['modalities', ['text', 'audio']],
    ['service_tier', 'flex'],
  ])('takes %s = %j for a demand', (param, value) => {
    const fields = request({ [param]: value });
    expect(fitRequest('acme', { ...EVERYTHING, parameters: { [param]: 'drop' } }, fields).dropped).toEqual([param]);
    expect(refusal({ parameters: { [param]: 'refuse' } }, { [param]: value })).toMatchObject({ param });
  });

  it('looks at nothing that is not listed', () => {
    const given = request({ seed: 1 });
    const capabilities = { ...EVERYTHING, parameters: { store: 'drop', logprobs: 'refuse' } } as const;
    expect(fitRequest('acme', capabilities, given).request).toBe(given);
  });
});
