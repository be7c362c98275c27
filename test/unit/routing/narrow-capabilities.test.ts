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
    expect(narrowCapabilities(ALL, { provider: 'openai', capabilities: {} })).toEqual(ALL);
  });

  it('takes away what the model lacks', () => {
    const narrowed = narrowCapabilities(ALL, {
      provider: 'openai',
      capabilities: { tools: false, imageInput: false, structuredOutput: false, reasoning: false, temperature: false },
    });
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
    expect(narrowCapabilities(none, { provider: 'vllm', capabilities: model })).toMatchObject({
      tools: false,
      jsonSchema: false,
    });
  });

  it('leaves a JSON schema to providers that have a way of their own', () => {
    expect(
      narrowCapabilities(ALL, { provider: 'anthropic', capabilities: { structuredOutput: false } }).jsonSchema,
    ).toBe(true);
  });

  it('knows real models', () => {
    const catalogue = createCatalogue();
    const abilities = (provider: string, model: string) => {
      const info = catalogue.find(provider, model);
      if (!info) throw new Error(`${model} is not in the catalogue`);
      return narrowCapabilities(ALL, info);
    };
    expect(abilities('openai', 'gpt-4o')).toMatchObject({ tools: true, imageInput: true, jsonSchema: true });
    expect(abilities('openai', 'gpt-3.5-turbo')).toMatchObject({ imageInput: false, jsonSchema: false });
  });
});
