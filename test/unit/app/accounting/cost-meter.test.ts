import { describe, expect, it } from 'vitest';
import { createCostMeter, type UnpricedCall } from '../../../../shared/app/accounting/cost-meter.ts';
import { createCatalogue } from '../../../../shared/usage/catalogue.ts';

const meter = createCostMeter(createCatalogue());
const usage = (prompt: number, completion: number) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
});

describe('the cost of a call', () => {
  it.each([
    ['openai', 'gpt-4-turbo', 1_000, 500, 0.025],
    ['openai', 'gpt-3.5-turbo', 2_000, 1_000, 0.0025],
    ['anthropic', 'claude-3-opus', 10_000, 2_000, 0.3],
    ['anthropic', 'claude-3-sonnet', 1_000_000, 100_000, 4.5],
    ['anthropic', 'claude-3-haiku', 4_000, 1_000, 0.00225],
    ['anthropic', 'claude-3-haiku-20240307', 4_000, 1_000, 0.00225],
    ['ollama', 'anything', 12, 30, 0],
    ['local', 'extractive', 12, 30, 0],
  ])('for %s/%s, %d in and %d out, is %d USD', (provider, model, prompt, completion, usd) => {
    expect(meter.measure({ provider, model }, usage(prompt, completion))).toEqual({
      costUsd: usd,
      entry: {
        provider,
        model,
        promptTokens: prompt,
        completionTokens: completion,
        costNanoUsd: Math.round(usd * 1e9),
      },
    });
  });

  it('is null, not 0, for a model without a price', () => {
    const { costUsd, entry } = meter.measure({ provider: 'openai', model: 'gpt-unheard-of' }, usage(10, 5));
    expect(costUsd).toBeNull();
    expect(entry).toMatchObject({ promptTokens: 10, completionTokens: 5, costNanoUsd: null });
  });

  it('is null when the upstream did not say what was used, but 0 where nothing costs', () => {
    expect(meter.measure({ provider: 'openai', model: 'gpt-4-turbo' }, undefined).costUsd).toBeNull();
    expect(meter.measure({ provider: 'ollama', model: 'phi' }, undefined).costUsd).toBe(0);
  });

  it('is lower for what came from the vendor’s cache', () => {
    const target = { provider: 'openai', model: 'gpt-4o' };
    const cached = { ...usage(1_000_000, 0), prompt_tokens_details: { cached_tokens: 400_000 } };
    expect(meter.measure(target, cached).costUsd).toBeCloseTo(0.6 * 2.5 + 0.4 * 1.25, 9);
    expect(meter.measure(target, { ...usage(1_000_000, 0), prompt_tokens_details: {} }).costUsd).toBeCloseTo(2.5, 9);
  });

  it('is measured without details for embeddings', () => {
    const { costUsd } = meter.measure(
      { provider: 'openai', model: 'text-embedding-3-small' },
      { prompt_tokens: 250_000, completion_tokens: 0 },
    );
    expect(costUsd).toBe(0.005);
  });
});

describe('the cost of a model that is billed by the character', () => {
  const pro = { provider: 'vertexai', model: 'gemini-1.5-pro' };

  it('is by the characters that were counted, whatever the tokens', () => {
    const { costUsd, entry } = meter.measure(pro, usage(1_900, 510), { input: 8_000, output: 2_000 });
    expect(costUsd).toBe(0.02);
    expect(entry).toEqual({ ...pro, promptTokens: 1_900, completionTokens: 510, costNanoUsd: 20_000_000 });
    const flash = { provider: 'vertexai', model: 'gemini-1.5-flash' };
    expect(meter.measure(flash, usage(1, 1), { input: 10_000, output: 10_000 }).costUsd).toBe(0.005);
  });

  it('needs no usage of the upstream', () => {
    expect(meter.measure(pro, undefined, { input: 8_000, output: 2_000 }).costUsd).toBe(0.02);
  });

  it('is null when nobody counted, and when the prompt is not all text', () => {
    expect(meter.measure(pro, usage(10, 10)).costUsd).toBeNull();
    expect(meter.measure(pro, usage(10, 10), { input: undefined, output: 5 }).costUsd).toBeNull();
    expect(meter.measure(pro, undefined, { input: undefined, output: 5 }).costUsd).toBeNull();
  });

  it('is told apart, and characters do not make a price for the others', () => {
    expect(meter.billsCharacters(pro)).toBe(true);
    for (const model of ['gpt-4-turbo', 'gpt-unheard-of']) {
      expect(meter.billsCharacters({ provider: 'openai', model })).toBe(false);
      expect(meter.measure({ provider: 'openai', model }, undefined, { input: 1, output: 1 }).costUsd).toBeNull();
    }
  });
});

describe('a call without a known cost', () => {
  it('is reported once per model and reason, and only for so many models', () => {
    const reported: UnpricedCall[] = [];
    const watched = createCostMeter(createCatalogue(), { onUnpriced: (call) => reported.push(call) });
    const unknown = { provider: 'openai', model: 'gpt-unheard-of' };
    const known = { provider: 'openai', model: 'gpt-4-turbo' };
    for (let count = 0; count < 3; count += 1) {
      watched.measure(unknown, usage(1, 1));
      watched.measure(known, undefined);
      watched.measure(known, usage(1, 1));
      watched.measure({ provider: 'ollama', model: 'phi' }, usage(1, 1));
    }
    expect(reported).toEqual([
      { ...unknown, reason: 'unknown_model' },
      { ...known, reason: 'unknown_usage' },
    ]);
    for (let count = 0; count < 2_000; count += 1) {
      watched.measure({ provider: 'vllm', model: `made-up-${count}` }, usage(1, 1));
    }
    expect(reported).toHaveLength(500);
  });
});
