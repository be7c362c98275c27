import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../shared/contracts/chat-provider.ts';
import { createLegPrice } from '../../../shared/routing/leg-price.ts';
import { createCatalogue } from '../../../shared/usage/catalogue.ts';

const catalogue = createCatalogue({
  overrides: {
    'openai/small': { unit: 'tokens', input: 1, output: 10 },
    'openai/large': { unit: 'tokens', input: 2, output: 20 },
    'vertexai/by-letter': { unit: 'characters', input: 0.001, output: 0 },
  },
});

/** 4 tokens for the message, 1 for the word. */
const request = (fields: Partial<ChatRequest> = {}): ChatRequest => ({
  model: 'agent',
  messages: [{ role: 'user', content: 'Hi' }],
  ...fields,
});

describe('the price of a leg', () => {
  it.each([
    ['an answer of usual length', request(), 'small', 5 * 1_000 + 500 * 10_000],
    ['as much output as is allowed', request({ max_tokens: 100 }), 'small', 5 * 1_000 + 100 * 10_000],
    ['the newer name of the limit', request({ max_completion_tokens: 10 }), 'large', 5 * 2_000 + 10 * 20_000],
    ['no more than the usual for a high limit', request({ max_tokens: 9_000 }), 'large', 5 * 2_000 + 500 * 20_000],
  ])('counts the prompt and %s', (_, asked, model, nanoUsd) => {
    expect(createLegPrice(catalogue, asked)({ provider: 'openai', model })).toBe(nanoUsd);
  });

  it('takes the leg’s own limit where the request has none', () => {
    const price = createLegPrice(catalogue, request());
    expect(price({ provider: 'openai', model: 'small', maxTokens: 1 })).toBe(5 * 1_000 + 10_000);
  });

  it('counts characters where the model is billed by them', () => {
    const leg = { provider: 'vertexai', model: 'by-letter' } as const;
    expect(createLegPrice(catalogue, request())(leg)).toBe(2_000);
    const image = { type: 'image_url', image_url: { url: 'https://example.com/a.png' } } as const;
    expect(createLegPrice(catalogue, request({ messages: [{ role: 'user', content: [image] }] }))(leg)).toBeNull();
  });

  it('is 0 for a model on our own machines and null for one that nobody knows', () => {
    const price = createLegPrice(catalogue, request());
    expect(price({ provider: 'ollama', model: 'phi3' })).toBe(0);
    expect(price({ provider: 'openai', model: 'unheard-of' })).toBeNull();
  });
});
