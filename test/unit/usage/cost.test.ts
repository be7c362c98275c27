import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ModelInfo, ModelPrices } from '../../../shared/usage/catalogue/model-info.ts';
import { createCatalogue } from '../../../shared/usage/catalogue.ts';
import { type BilledUsage, costOf, toUsd } from '../../../shared/usage/cost.ts';

const catalogue = createCatalogue();

/** USD of a call, from the catalogue to the figure in the answer. */
function usdOf(provider: string, model: string, usage: BilledUsage): number | null {
  return toUsd(costOf({ info: catalogue.find(provider, model), usage }).nanoUsd);
}

function priced(prices: ModelPrices): ModelInfo {
  return { provider: 'openai', model: 'm', local: false, capabilities: {}, prices };
}

describe('the cost of a call', () => {
  test.each([
    ['openai', 'gpt-4-turbo', 1_000, 500, 0.025],
    ['openai', 'gpt-3.5-turbo', 2_000, 1_000, 0.0025],
    ['anthropic', 'claude-3-opus', 10_000, 2_000, 0.3],
    ['anthropic', 'claude-3-sonnet', 1_000_000, 100_000, 4.5],
    ['anthropic', 'claude-3-haiku', 4_000, 1_000, 0.00225],
    ['anthropic', 'claude-3-haiku-20240307', 4_000, 1_000, 0.00225],
    ['openai', 'gpt-4', 1_000, 0, 0.03],
    ['openai', 'gpt-4.1', 1_000, 0, 0.002],
    ['openai', 'text-embedding-3-small', 1_000_000, 0, 0.02],
    ['openai', 'text-embedding-3-small', 250_000, 0, 0.005],
    ['openai', 'text-embedding-3-large', 500_000, 0, 0.065],
    ['ollama', 'llama3.1', 1_000_000, 1_000_000, 0],
    ['local', 'extractive', 1_000_000, 1_000_000, 0],
  ])('of %s %s for %i tokens in and %i out is %f USD', (provider, model, prompt, completion, usd) => {
    expect(usdOf(provider, model, { promptTokens: prompt, completionTokens: completion })).toBe(usd);
  });

  test.each([
    ['gemini-1.5-pro', 8_000, 2_000, 0.02],
    ['gemini-1.5-flash', 10_000, 10_000, 0.005],
  ])('of %s is by characters and not by tokens', (model, prompt, completion, usd) => {
    const characters = { promptCharacters: prompt, completionCharacters: completion };
    expect(usdOf('vertexai', model, { promptTokens: 1, completionTokens: 1, ...characters })).toBe(usd);
    expect(usdOf('vertexai', model, { promptTokens: 90_000, completionTokens: 9, ...characters })).toBe(usd);
  });

  test('is marked local where the model runs on own machines', () => {
    const info = catalogue.find('ollama', 'llama3.1');
    expect(info?.local).toBe(true);
    expect(costOf({ info, usage: { promptTokens: 5, completionTokens: 5 } })).toEqual({ nanoUsd: 0, priced: true });
  });

  test('reads and writes of the cache have their own prices', () => {
    const usage = { promptTokens: 1_000_000, completionTokens: 0, cachedTokens: 600_000, cacheWriteTokens: 300_000 };
    // 100,000 at 5, 600,000 at 0.5, 300,000 at 6.25 USD a million.
    expect(usdOf('anthropic', 'claude-opus-4-5', usage)).toBe(0.5 + 0.3 + 1.875);
  });

  test('cached input costs what input costs where no price of its own is known', () => {
    const usage = { promptTokens: 1_000_000, completionTokens: 0 };
    for (const part of [{ cachedTokens: 1_000_000 }, { cacheWriteTokens: 1_000_000 }]) {
      expect(usdOf('openai', 'gpt-3.5-turbo', { ...usage, ...part })).toBe(0.5);
    }
  });

  test('a configured cached price of 0 is free', () => {
    const info = createCatalogue({ overrides: { 'openai/gpt-4o': { cachedInput: 0 } } }).find('openai', 'gpt-4o');
    const usage = { promptTokens: 1_000, completionTokens: 0, cachedTokens: 1_000 };
    expect(costOf({ info, usage })).toEqual({ nanoUsd: 0, priced: true });
  });

  test('more cache than prompt is cut to the prompt', () => {
    const usage = { promptTokens: 100, completionTokens: 0 };
    const all = costOf({ info: catalogue.find('openai', 'gpt-4o'), usage: { ...usage, cachedTokens: 100 } });
    const over = { ...usage, cachedTokens: 500, cacheWriteTokens: 500 };
    expect(costOf({ info: catalogue.find('openai', 'gpt-4o'), usage: over })).toEqual(all);
  });

  test('rounds half up to a nano-dollar, once for the whole call', () => {
    const info = priced({ unit: 'tokens', input: 250_000, output: 250_000 });
    const nanoUsd = (promptTokens: number, completionTokens: number) =>
      costOf({ info, usage: { promptTokens, completionTokens } }).nanoUsd;
    expect(nanoUsd(1, 0)).toBe(0);
    expect(nanoUsd(2, 0)).toBe(1);
    expect(nanoUsd(1, 1)).toBe(1);
    expect(nanoUsd(5, 0)).toBe(1);
    expect(nanoUsd(3, 3)).toBe(2);
  });
});

describe('a call without a known cost', () => {
  const usage = { promptTokens: 10, completionTokens: 10 };
  const unpriced = (reason: string) => ({ nanoUsd: null, priced: false, reason });

  test('has none, and not 0, when the model is unknown', () => {
    expect(costOf({ info: catalogue.find('openai', 'gpt-4-32k'), usage })).toEqual(unpriced('unknown_model'));
    expect(usdOf('vllm', 'anything', usage)).toBeNull();
  });

  test('has none when the model is known and its price is not', () => {
    const info = catalogue.find('gemini', 'gemma-4-31b-it');
    expect(info).toBeDefined();
    expect(costOf({ info, usage })).toEqual(unpriced('unknown_price'));
  });

  test('has none when there is output and only input has a price', () => {
    const info = priced({ unit: 'tokens', input: 1_000_000 });
    expect(costOf({ info, usage })).toEqual(unpriced('unknown_price'));
    expect(costOf({ info, usage: { ...usage, completionTokens: 0 } })).toEqual({ nanoUsd: 10, priced: true });
  });

  test('has none when characters are billed and were not counted', () => {
    const info = catalogue.find('vertexai', 'gemini-1.5-pro');
    expect(costOf({ info, usage })).toEqual(unpriced('unknown_usage'));
    expect(costOf({ info, usage: { ...usage, promptCharacters: 10 } })).toEqual(unpriced('unknown_usage'));
    const silent = { promptTokens: 10, completionTokens: 0, promptCharacters: 1_000 };
    expect(costOf({ info, usage: silent })).toEqual({ nanoUsd: 1_250_000, priced: true });
  });

  test.each([Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY])('has none when a count is %f', (count) => {
    const info = catalogue.find('openai', 'gpt-4');
    for (const field of ['promptTokens', 'completionTokens', 'cachedTokens', 'cacheWriteTokens'] as const) {
      expect(costOf({ info, usage: { ...usage, [field]: count } })).toEqual(unpriced('unknown_usage'));
    }
  });

  test('has none when the sum leaves the range of exact integers', () => {
    const whole = { promptTokens: Number.MAX_SAFE_INTEGER, completionTokens: 0 };
    expect(costOf({ info: catalogue.find('openai', 'gpt-4'), usage: whole })).toEqual(unpriced('unknown_usage'));
  });
});

describe('money in JSON', () => {
  test.each([
    [25_000_000, 0.025],
    [1, 1e-9],
    [0, 0],
    [300_000_000, 0.3],
  ])('%i nano-dollars are %f USD', (nano, usd) => {
    expect(toUsd(nano)).toBe(usd);
  });

  test('what is not known stays null', () => {
    expect(toUsd(null)).toBeNull();
  });
});

describe('for any prices and counts', () => {
  const amount = fc.integer({ min: 0, max: 1_000_000_000_000 });
  const prices = fc.record(
    { unit: fc.constant('tokens' as const), input: amount, output: amount, cachedInput: amount, cacheWrite: amount },
    { requiredKeys: ['unit', 'input', 'output'] },
  );
  const count = fc.integer({ min: 0, max: 2_000_000 });
  /** Counts of a call whose cache is a part of its prompt. */
  const usage = fc
    .tuple(count, count, count, count)
    .map(([uncached, cachedTokens, cacheWriteTokens, completionTokens]) => ({
      promptTokens: uncached + cachedTokens + cacheWriteTokens,
      completionTokens,
      cachedTokens,
      cacheWriteTokens,
    }));
  const nanoOf = (info: ModelInfo, used: BilledUsage): number => {
    const { nanoUsd } = costOf({ info, usage: used });
    if (nanoUsd === null) throw new Error('no cost');
    return nanoUsd;
  };

  test('the cost is the exact sum of four buckets that share no token', () => {
    fc.assert(
      fc.property(prices, usage, (price, used) => {
        const uncached = used.promptTokens - used.cachedTokens - used.cacheWriteTokens;
        const exact =
          BigInt(uncached) * BigInt(price.input) +
          BigInt(used.cachedTokens) * BigInt(price.cachedInput ?? price.input) +
          BigInt(used.cacheWriteTokens) * BigInt(price.cacheWrite ?? price.input) +
          BigInt(used.completionTokens) * BigInt(price.output);
        expect(BigInt(nanoOf(priced(price), used))).toBe((exact + 500_000n) / 1_000_000n);
      }),
    );
  });

  test('the cost is exact up to the largest count', () => {
    const large = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(large, amount, (promptTokens, input) => {
        const exact = (BigInt(promptTokens) * BigInt(input) + 500_000n) / 1_000_000n;
        const { nanoUsd } = costOf({
          info: priced({ unit: 'tokens', input, output: 0 }),
          usage: { promptTokens, completionTokens: 0 },
        });
        expect(nanoUsd).toBe(exact > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(exact));
      }),
      {
        examples: [
          [Number.MAX_SAFE_INTEGER, 999_999],
          [Number.MAX_SAFE_INTEGER, 1_000_000],
          [9_000_000_000_000, 999_999_999],
        ],
      },
    );
  });

  test('more prompt or more output never costs less', () => {
    fc.assert(
      fc.property(prices, usage, count, count, (price, used, prompt, completion) => {
        const more = {
          ...used,
          promptTokens: used.promptTokens + prompt,
          completionTokens: used.completionTokens + completion,
        };
        expect(nanoOf(priced(price), more)).toBeGreaterThanOrEqual(nanoOf(priced(price), used));
      }),
    );
  });

  test('the parts of a call cost what the whole costs, within the rounding of each', () => {
    fc.assert(
      fc.property(prices, usage, usage, (price, first, second) => {
        const whole = {
          promptTokens: first.promptTokens + second.promptTokens,
          completionTokens: first.completionTokens + second.completionTokens,
          cachedTokens: first.cachedTokens + second.cachedTokens,
          cacheWriteTokens: first.cacheWriteTokens + second.cacheWriteTokens,
        };
        const parts = nanoOf(priced(price), first) + nanoOf(priced(price), second);
        expect(Math.abs(parts - nanoOf(priced(price), whole))).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('prompt tokens cost the same however they are split when all buckets have one price', () => {
    fc.assert(
      fc.property(amount, usage, count, (input, used, surplus) => {
        const info = priced({ unit: 'tokens', input, output: 0, cachedInput: input, cacheWrite: input });
        const plain = nanoOf(info, { promptTokens: used.promptTokens, completionTokens: 0 });
        expect(nanoOf(info, used)).toBe(plain);
        // Parts that overlap or exceed the prompt are not billed twice either.
        const overlapping = { ...used, cachedTokens: used.cachedTokens + surplus, cacheWriteTokens: surplus };
        expect(nanoOf(info, overlapping)).toBe(plain);
      }),
    );
  });
});
