import { describe, expect, it } from 'vitest';
import type { ChatCapabilities } from '../../../shared/contracts/chat-provider.ts';
import { narrowCapabilities } from '../../../shared/routing/narrow-capabilities.ts';
import { createCatalogue } from '../../../shared/usage/catalogue.ts';

const ALL: ChatCapabilities = {
  streaming: true,
  tools: true,
  jsonMode: true,
  jsonSchema: true,
  imageInput: true,
  audioInput: true,
  fileInput: true,
  reasoning: true,
  choices: true,
  parameters: { seed: 'drop' },
};

describe('narrowCapabilities', () => {
  it('takes nothing away where the catalogue knows nothing', () => {
    expect(narrowCapabilities(ALL, { provider: 'openai', model: 'm' }, { capabilities: {} })).toEqual(ALL);
  });

  it('takes away what the model lacks', () => {
    const narrowed = narrowCapabilities(
      ALL,
      { provider: 'openai', model: 'm' },
      {
        capabilities: {
          tools: false,
          imageInput: false,
          structuredOutput: false,
          reasoning: false,
          temperature: false,
        },
      },
    );
    expect(narrowed).toMatchObject({ tools: false, imageInput: false, jsonSchema: false, reasoning: false });
    expect(narrowed.parameters).toEqual({
      seed: 'drop',
      reasoning_effort: 'drop',
      temperature: 'drop',
      top_p: 'drop',
    });
  });

  it('never gives a provider an ability that it has not', () => {
    const none = { ...ALL, tools: false, jsonSchema: false };
    const model = { tools: true, structuredOutput: true };
    expect(narrowCapabilities(none, { provider: 'vllm', model: 'm' }, { capabilities: model })).toMatchObject({
      tools: false,
      jsonSchema: false,
    });
  });

  it('leaves a JSON schema to providers that have a way of their own', () => {
    expect(
      narrowCapabilities(ALL, { provider: 'anthropic', model: 'm' }, { capabilities: { structuredOutput: false } })
        .jsonSchema,
    ).toBe(true);
  });

  it('knows real models', () => {
    const catalogue = createCatalogue();
    const abilities = (provider: string, model: string) => {
      const info = catalogue.find(provider, model);
      if (!info) throw new Error(`${model} is not in the catalogue`);
      return narrowCapabilities(ALL, { provider, model }, info);
    };
    expect(abilities('openai', 'gpt-4o')).toMatchObject({ tools: true, imageInput: true, jsonSchema: true });
    expect(abilities('openai', 'gpt-3.5-turbo')).toMatchObject({ imageInput: false, jsonSchema: false });
  });

  it.each([
    ['openai', 'o4-mini', { stop: 'refuse', logprobs: 'refuse', presence_penalty: 'drop' }],
    ['openai', 'gpt-5-2025-08-07', { stop: 'refuse', temperature: 'drop', top_p: 'drop' }],
    ['openai', 'gpt-5-chat-latest', {}],
    ['openai', 'gpt-4o', {}],
    ['xai', 'grok-4-0709', { stop: 'refuse', presence_penalty: 'drop', reasoning_effort: 'drop' }],
    ['xai', 'grok-3-mini', { stop: 'refuse', frequency_penalty: 'drop' }],
    ['xai', 'grok-4.20-0309-non-reasoning', { reasoning_effort: 'drop' }],
    ['vllm', 'o4-mini', {}],
  ] as const)('knows what %s/%s refuses', (provider, model, expected) => {
    const { parameters } = narrowCapabilities(ALL, { provider, model }, createCatalogue().find(provider, model));
    expect(parameters).toMatchObject(expected);
    if (Object.keys(expected).length === 0) expect(parameters).not.toHaveProperty('stop');
  });
});
