import { describe, expect, it } from 'vitest';
import { createCostMeter } from '../../../shared/app/cost-meter.ts';
import { createCatalogue } from '../../../shared/usage/catalogue.ts';

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
