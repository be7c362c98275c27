import { describe, expect, test } from 'vitest';
import type { PriceConfig } from '../../../shared/config/types.ts';
import { AppError } from '../../../shared/contracts/app-error.ts';
import { anthropic } from '../../../shared/usage/catalogue/anthropic.ts';
import { gemini } from '../../../shared/usage/catalogue/gemini.ts';
import { huggingface } from '../../../shared/usage/catalogue/huggingface.ts';
import { openai } from '../../../shared/usage/catalogue/openai.ts';
import { ABILITIES, type ProviderRows } from '../../../shared/usage/catalogue/rows.ts';
import { vertexai } from '../../../shared/usage/catalogue/vertexai.ts';
import { xai } from '../../../shared/usage/catalogue/xai.ts';
import { createCatalogue } from '../../../shared/usage/catalogue.ts';

const catalogue = createCatalogue();

describe('finding a model', () => {
  test.each([
    ['openai', 'gpt-4o', 'gpt-4o'],
    ['openai', 'gpt-4.1', 'gpt-4.1'],
    ['openai', 'gpt-4-turbo-2024-04-09', 'gpt-4-turbo'],
    ['openai', 'gpt-4o-mini-2024-07-18', 'gpt-4o-mini'],
    ['openai', 'gpt-4o-2024-08-06', 'gpt-4o-2024-08-06'],
    ['openai', 'gpt-4o-2099-01-31', 'gpt-4o'],
    ['openai', 'gpt-4-0613', 'gpt-4'],
    ['openai', 'gpt-3.5-turbo-0125', 'gpt-3.5-turbo'],
    ['openai', 'gpt-5-chat-latest', 'gpt-5-chat-latest'],
    ['anthropic', 'claude-3-haiku', 'claude-3-haiku-20240307'],
    ['anthropic', 'claude-3-haiku-20240307', 'claude-3-haiku-20240307'],
    ['anthropic', 'claude-3-5-sonnet', 'claude-3-5-sonnet-20241022'],
    ['anthropic', 'claude-3-5-sonnet-20240620', 'claude-3-5-sonnet-20240620'],
    ['anthropic', 'claude-3-5-sonnet-latest', 'claude-3-5-sonnet-20241022'],
    ['anthropic', 'claude-haiku-4-5-20251001', 'claude-haiku-4-5-20251001'],
    ['anthropic', 'claude-haiku-4-5', 'claude-haiku-4-5'],
    ['anthropic', 'claude-sonnet-4-6-20260217', 'claude-sonnet-4-6'],
    ['vertexai', 'gemini-2.5-flash', 'gemini-2.5-flash'],
    ['vertexai', 'gemini-2.5-flash-001', 'gemini-2.5-flash'],
    ['vertexai', 'gemini-1.5-pro-002', 'gemini-1.5-pro'],
    ['vertexai', 'google/gemini-2.5-flash', 'gemini-2.5-flash'],
    ['vertexai', 'publishers/google/models/gemini-2.5-flash-001', 'gemini-2.5-flash'],
    ['vertexai', 'projects/p/locations/us-central1/publishers/google/models/gemini-1.5-flash', 'gemini-1.5-flash'],
    ['vertexai', 'publishers/openai/models/gpt-oss-20b-maas', 'openai/gpt-oss-20b-maas'],
    ['vertexai', 'gemini-embedding-001', 'gemini-embedding-001'],
    ['gemini', 'models/gemini-2.0-flash-001', 'gemini-2.0-flash'],
    ['gemini', 'gemini-flash-latest', 'gemini-flash-latest'],
    ['huggingface', 'deepseek-ai/DeepSeek-V3.2', 'deepseek-ai/DeepSeek-V3.2'],
    ['huggingface', 'deepseek-ai/DeepSeek-V3.2:novita', 'deepseek-ai/DeepSeek-V3.2'],
    ['huggingface', 'zai-org/GLM-5:fireworks-ai', 'zai-org/GLM-5'],
    ['xai', 'grok-4.3', 'grok-4.3'],
  ])('takes %s %s from the row %s', (provider, model, row) => {
    expect(catalogue.find(provider, model)).toMatchObject({ provider, model: row, local: false });
  });

  test.each([
    ['openai', 'gpt-4-32k', 'a longer name is another model'],
    ['openai', 'gpt-4.5', 'a version is no date'],
    ['openai', 'gpt-', 'a prefix is no name'],
    ['openai', 'gpt-4-0314', 'an old snapshot had a price of its own'],
    ['openai', 'gpt-4-2024-13-01', 'there is no month 13'],
    ['openai', 'gpt-4-2024-0101', 'the date is written in two ways'],
    ['openai', 'gpt-4-latest', 'nobody documented the alias'],
    ['openai', 'GPT-4', 'case counts'],
    ['openai', 'gpt-4:groq', 'only HuggingFace pins a provider this way'],
    ['openai', 'models/gpt-4', 'only Google writes names as paths'],
    ['openai', 'gpt-4o-001', 'only Google writes versions this way'],
    ['openai', 'ft:gpt-4o-mini-2024-07-18:acme::1', 'a fine-tuned model costs more'],
    ['openai', '', 'there is no name'],
    ['openai', 'constructor', 'it is not one of the data'],
    ['anthropic', 'claude-3-5-sonnet-20250101', 'another date is another model where only dated rows exist'],
    ['anthropic', 'claude-3', 'it is cut off'],
    ['vertexai', 'gemini-embedding-002', 'a version with a row of its own is not any version'],
    ['vertexai', 'projects/p/locations/l/endpoints/42', 'a tuned model has its own price'],
    ['gemini', 'gemini-1.5-pro', 'another provider has another price'],
    ['vllm', 'meta-llama/Llama-3.3-70B-Instruct', 'nobody knows what a GPU costs'],
    ['nobody', 'gpt-4', 'the provider is unknown'],
    ['toString', 'gpt-4', 'the provider is unknown'],
  ])('does not know %s %s, because %s', (provider, model) => {
    expect(catalogue.find(provider, model)).toBeUndefined();
  });

  test.each([
    ['ollama', 'llama3.1:8b-instruct-q4_K_M'],
    ['ollama', 'anything-at-all'],
    ['local', 'extractive'],
  ])('knows that %s %s is local and costs nothing', (provider, model) => {
    expect(catalogue.find(provider, model)).toEqual({
      provider,
      model,
      local: true,
      prices: { unit: 'tokens', input: 0, output: 0 },
      capabilities: {},
    });
  });

  test('gives limits, prices in nano-dollars per million tokens, and abilities', () => {
    expect(catalogue.find('openai', 'gpt-4o')).toEqual({
      provider: 'openai',
      model: 'gpt-4o',
      kind: 'chat',
      local: false,
      contextWindow: 128_000,
      maxOutputTokens: 16_384,
      prices: { unit: 'tokens', input: 2_500_000_000, output: 10_000_000_000, cachedInput: 1_250_000_000 },
      capabilities: {
        tools: true,
        imageInput: true,
        audioInput: false,
        fileInput: true,
        reasoning: false,
        structuredOutput: true,
        temperature: true,
      },
    });
  });

  test('leaves an ability out when the source is silent on it', () => {
    expect(catalogue.find('anthropic', 'claude-3-opus')?.capabilities).not.toHaveProperty('structuredOutput');
    expect(catalogue.find('openai', 'gpt-4')?.capabilities.structuredOutput).toBe(false);
  });

  test('leaves the price out when the source has none', () => {
    expect(catalogue.find('gemini', 'gemma-4-31b-it')).not.toHaveProperty('prices');
  });

  test('takes a cached price of 0 in the source for a missing one', () => {
    expect(catalogue.find('openai', 'gpt-3.5-turbo')?.prices).not.toHaveProperty('cachedInput');
  });

  test.each([
    ['openai', 'text-embedding-3-small', 1536],
    ['openai', 'text-embedding-3-large', 3072],
    ['openai', 'text-embedding-ada-002', 1536],
    ['vertexai', 'gemini-embedding-001', 3072],
    ['vertexai', 'text-embedding-005', 768],
    ['huggingface', 'sentence-transformers/all-MiniLM-L6-v2', 384],
    ['huggingface_tei', 'BAAI/bge-large-en-v1.5', 1024],
  ])('knows the length of the vectors of %s %s', (provider, model, dimensions) => {
    expect(catalogue.find(provider, model)).toMatchObject({ kind: 'embedding', dimensions });
  });
});

describe('finding a model by its name alone', () => {
  const providersOf = (model: string): string[] => catalogue.findByName(model).map(({ provider }) => provider);

  test('names every provider that has it', () => {
    expect(providersOf('gpt-4-turbo')).toEqual(['openai']);
    expect(providersOf('claude-3-opus')).toEqual(['anthropic']);
    expect(providersOf('gemini-1.5-pro')).toEqual(['vertexai']);
    expect(providersOf('gemini-flash-latest')).toEqual(['gemini', 'vertexai']);
  });

  test('does not take local providers for an answer to everything', () => {
    expect(providersOf('llama3.1')).toEqual([]);
  });

  test('finds configured models of any provider', () => {
    const extended = createCatalogue({ overrides: { 'vllm/my-model': { input: 0, output: 0 } } });
    expect(extended.findByName('my-model')).toMatchObject([{ provider: 'vllm', model: 'my-model' }]);
  });
});

describe('listing a provider', () => {
  test('gives each row once, and none for providers without rows', () => {
    const names = catalogue.list('openai').map(({ model }) => model);
    expect(names).toContain('gpt-4o');
    expect(new Set(names).size).toBe(names.length);
    expect(catalogue.list('ollama')).toEqual([]);
    expect(catalogue.list('nobody')).toEqual([]);
  });
});

describe('configured prices', () => {
  const withPrices = (overrides: Readonly<Record<string, PriceConfig>>) => createCatalogue({ overrides });

  test('replace what they name and keep the rest', () => {
    const info = withPrices({ 'openai/gpt-4o': { unit: 'tokens', input: 1.5, contextWindow: 64_000 } }).find(
      'openai',
      'gpt-4o',
    );
    expect(info).toMatchObject({ contextWindow: 64_000, maxOutputTokens: 16_384, kind: 'chat' });
    expect(info?.prices).toEqual({
      unit: 'tokens',
      input: 1_500_000_000,
      output: 10_000_000_000,
      cachedInput: 1_250_000_000,
    });
  });

  test('leave dated rows with prices of their own alone', () => {
    const changed = withPrices({ 'openai/gpt-4o': { unit: 'tokens', input: 1, output: 1 } });
    expect(changed.find('openai', 'gpt-4o-2024-05-13')?.prices?.input).toBe(5_000_000_000);
    expect(changed.find('openai', 'gpt-4o-2024-12-01')?.prices?.input).toBe(1_000_000_000);
  });

  test.each(['claude-3-haiku', 'claude-3-haiku-20240307'])(
    'given for %s hold for the short and the dated name',
    (name) => {
      const changed = withPrices({ [`anthropic/${name}`]: { unit: 'tokens', input: 7 } });
      expect(changed.find('anthropic', 'claude-3-haiku')?.prices?.input).toBe(7_000_000_000);
      expect(changed.find('anthropic', 'claude-3-haiku-20240307')?.prices?.input).toBe(7_000_000_000);
      expect(changed.list('anthropic')).toHaveLength(catalogue.list('anthropic').length);
    },
  );

  test('given for one date hold for that date alone', () => {
    const changed = withPrices({ 'openai/gpt-4-turbo-2024-04-09': { unit: 'tokens', input: 7 } });
    expect(changed.find('openai', 'gpt-4-turbo-2024-04-09')).toMatchObject({
      model: 'gpt-4-turbo-2024-04-09',
      contextWindow: 128_000,
      prices: { input: 7_000_000_000, output: 30_000_000_000 },
    });
    expect(changed.find('openai', 'gpt-4-turbo')?.prices?.input).toBe(10_000_000_000);
  });

  test('given for one inference provider of HuggingFace hold for that one alone', () => {
    const changed = withPrices({ 'huggingface/zai-org/GLM-5:novita': { unit: 'tokens', input: 7 } });
    expect(changed.find('huggingface', 'zai-org/GLM-5:novita')?.prices?.input).toBe(7_000_000_000);
    expect(changed.find('huggingface', 'zai-org/GLM-5')?.prices?.input).toBe(1_000_000_000);
  });

  test('give a price to models and providers that had none', () => {
    const changed = withPrices({
      'vllm/meta-llama/Llama-3.3-70B-Instruct': { unit: 'tokens', input: 0.2, output: 0.3 },
      'ollama/llama3.1': { unit: 'tokens', contextWindow: 8192 },
    });
    expect(changed.find('vllm', 'meta-llama/Llama-3.3-70B-Instruct')?.prices).toEqual({
      unit: 'tokens',
      input: 200_000_000,
      output: 300_000_000,
    });
    expect(changed.find('ollama', 'llama3.1')).toMatchObject({
      local: true,
      contextWindow: 8192,
      prices: { input: 0 },
    });
    expect(changed.find('ollama', 'llama3.2')).not.toHaveProperty('contextWindow');
  });

  test('may name input alone for a model without output', () => {
    const prices = withPrices({ 'huggingface/BAAI/bge-m3': { unit: 'tokens', input: 0.01 } }).find(
      'huggingface',
      'BAAI/bge-m3',
    )?.prices;
    expect(prices).toEqual({ unit: 'tokens', input: 10_000_000 });
  });

  test('take 0 at its word, for the cache too', () => {
    const prices = withPrices({ 'openai/gpt-4o': { unit: 'tokens', cachedInput: 0 } }).find('openai', 'gpt-4o')?.prices;
    expect(prices?.cachedInput).toBe(0);
  });

  test.each([
    ['per_1m_tokens', 'tokens', 3_000_000_000],
    ['per_1k_tokens', 'tokens', 3_000_000_000_000],
    ['per_1k_characters', 'characters', 3_000_000_000_000],
    ['characters', 'characters', 3_000_000_000_000],
  ] as const)('may be counted %s', (unit, counted, input) => {
    const changed = createCatalogue({ overrides: { 'openai/gpt-4': { unit, input: 3, output: 3 } } });
    expect(changed.find('openai', 'gpt-4')?.prices).toEqual({ unit: counted, input, output: input });
  });

  test('without a unit are counted like the row they change', () => {
    const changed = createCatalogue({ overrides: { 'vertexai/gemini-1.5-pro': { input: 0.002 } } });
    expect(changed.find('vertexai', 'gemini-1.5-pro')?.prices).toEqual({
      unit: 'characters',
      input: 2_000_000_000,
      output: 5_000_000_000,
    });
  });

  test('that change a limit alone do not change the unit', () => {
    const changed = withPrices({ 'vertexai/gemini-1.5-pro': { unit: 'tokens', contextWindow: 1_000_000 } });
    expect(changed.find('vertexai', 'gemini-1.5-pro')).toMatchObject({
      contextWindow: 1_000_000,
      prices: { unit: 'characters', input: 1_250_000_000 },
    });
  });

  test('do not touch other catalogues', () => {
    withPrices({ 'openai/gpt-4': { unit: 'tokens', input: 1 } });
    expect(catalogue.find('openai', 'gpt-4')?.prices?.input).toBe(30_000_000_000);
  });

  test.each([
    ['a negative price', { 'openai/gpt-4': { input: -1 } }, 'prices.openai/gpt-4.input'],
    ['no number', { 'openai/gpt-4': { output: Number.NaN } }, 'prices.openai/gpt-4.output'],
    ['an absurd price', { 'openai/gpt-4': { input: 1e9 } }, 'prices.openai/gpt-4.input'],
    ['a broken limit', { 'openai/gpt-4': { contextWindow: 0.5 } }, 'prices.openai/gpt-4.contextWindow'],
    ['an unknown unit', { 'openai/gpt-4': { unit: 'words', input: 1 } }, 'prices.openai/gpt-4.unit'],
    ['an unknown member', { 'openai/gpt-4': { cached_input: 1 } }, 'prices.openai/gpt-4.cached_input'],
    ['output without input', { 'vllm/mine': { output: 1 } }, 'prices.vllm/mine'],
    [
      'half a change of unit',
      { 'vertexai/gemini-1.5-pro': { unit: 'tokens', input: 1 } },
      'prices.vertexai/gemini-1.5-pro',
    ],
    ['no provider', { 'gpt-4': { input: 1 } }, 'prices.gpt-4'],
    ['no model', { 'openai/': { input: 1 } }, 'prices.openai/'],
  ])('are refused with %s, naming the path', (_, overrides, param) => {
    const create = () => createCatalogue({ overrides: overrides as Readonly<Record<string, PriceConfig>> });
    expect(create).toThrow(AppError);
    expect(create).toThrow(expect.objectContaining({ code: 'configuration', param }));
  });
});

describe('the data files', () => {
  const files: [string, ProviderRows][] = Object.entries({ openai, anthropic, gemini, vertexai, xai, huggingface });

  test.each(files)('of %s name each model once and use known abilities only', (provider, rows) => {
    const chat = [...rows.chat, ...(rows.chatByCharacters ?? [])];
    const names = [...chat, ...(rows.embeddings ?? [])].map(([model]) => model);
    expect(new Set(names).size).toBe(names.length);
    for (const [model, , , abilities] of chat) {
      for (const word of abilities.split(' ')) expect(ABILITIES, `${provider}/${model}`).toContain(word);
    }
    for (const target of Object.values(rows.aliases ?? {})) expect(names).toContain(target);
  });

  test.each(files)('of %s hold prices that are exact in nano-dollars', (provider, rows) => {
    for (const [model, prices] of rows.chat) {
      for (const usd of prices ?? []) {
        const nano = Number(usd ?? 0) * 1e9;
        expect(Math.abs(nano - Math.round(nano)), `${provider}/${model}`).toBeLessThan(1e-3);
      }
    }
  });
});
