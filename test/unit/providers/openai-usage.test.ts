import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPlainUsage, toUsage } from '../../../shared/providers/openai-usage.ts';

describe('usage', () => {
  it('adds up the total when the vendor gives none', () => {
    expect(toUsage({ prompt_tokens: 3, completion_tokens: 4 })).toEqual({
      prompt_tokens: 3,
      completion_tokens: 4,
      total_tokens: 7,
    });
  });

  it('adds reasoning that the total counts and the completion leaves out', () => {
    const usage = {
      prompt_tokens: 10,
      completion_tokens: 2,
      total_tokens: 112,
      completion_tokens_details: { reasoning_tokens: 100 },
    };
    expect(toUsage(usage)).toMatchObject({ prompt_tokens: 10, completion_tokens: 102, total_tokens: 112 });
  });

  it('adds reasoning for a vendor known to leave it out when there is no total', () => {
    const usage = { prompt_tokens: 10, completion_tokens: 2, completion_tokens_details: { reasoning_tokens: 100 } };
    expect(toUsage(usage, { addReasoning: true }).completion_tokens).toBe(102);
    expect(toUsage(usage).completion_tokens).toBe(2);
  });

  it('never adds reasoning twice', () => {
    const usage = {
      prompt_tokens: 10,
      completion_tokens: 102,
      total_tokens: 112,
      completion_tokens_details: { reasoning_tokens: 100 },
    };
    expect(toUsage(usage, { addReasoning: true })).toMatchObject({ completion_tokens: 102, total_tokens: 112 });
  });

  it.each(['num_cached_tokens', 'prompt_cache_hit_tokens', 'cached_tokens'])('reads cached tokens from %s', (field) => {
    const usage = { prompt_tokens: 10, completion_tokens: 1, total_tokens: 11, [field]: 8 };
    expect(toUsage(usage).prompt_tokens_details).toEqual({ cached_tokens: 8 });
  });

  it.each([-1, 9e15, 1e308, 1.5, Number.POSITIVE_INFINITY])('takes %d for no count of tokens', (count) => {
    const usage = { prompt_tokens: count, completion_tokens: 1, total_tokens: count + 1 };
    expect(isPlainUsage(usage)).toBe(false);
    expect(toUsage(usage).prompt_tokens).toBeLessThanOrEqual(2);
    const details = { ...usage, prompt_tokens: 1, total_tokens: 2, prompt_tokens_details: { cached_tokens: count } };
    expect(isPlainUsage(details)).toBe(false);
    expect(toUsage(details).prompt_tokens_details).toBeUndefined();
  });

  it("prefers the cached tokens of OpenAI's details", () => {
    const usage = {
      prompt_tokens: 10,
      completion_tokens: 1,
      cached_tokens: 3,
      prompt_tokens_details: { cached_tokens: 8, audio_tokens: null },
    };
    expect(toUsage(usage).prompt_tokens_details).toEqual({ cached_tokens: 8 });
  });

  it('gives whole counts that add up, whatever the vendor sent', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), fc.jsonValue(), (base, prompt, total) => {
        const usage = toUsage({ ...base, prompt_tokens: prompt, total_tokens: total });
        expect(usage.prompt_tokens).toBeGreaterThanOrEqual(0);
        expect(usage.total_tokens).toBe(usage.prompt_tokens + usage.completion_tokens);
        expect(isPlainUsage({ ...usage, num_cached_tokens: undefined, cached_tokens: undefined })).toBe(true);
      }),
    );
  });

  it.each([null, 'x', 3, [], {}, { prompt_tokens: 1, completion_tokens: 1, total_tokens: 3 }])(
    'does not forward %j as it is',
    (usage) => {
      expect(isPlainUsage(usage)).toBe(false);
    },
  );
});
