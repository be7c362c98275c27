import { expect, test } from 'vitest';
import { toModelTraits } from '../../../shared/providers/gemini-model.ts';
import { toThinkingConfig } from '../../../shared/providers/gemini-thinking.ts';
import { toRequest } from './gemini-fake.ts';

function convert(model: string, effort?: string | null) {
  return toThinkingConfig(toRequest({ reasoning_effort: effort }), model, toModelTraits(model));
}

test.each([
  ['gemini-2.5-flash', 'none', { thinkingBudget: 0 }],
  ['gemini-2.5-flash', 'minimal', { includeThoughts: true, thinkingBudget: 1024 }],
  ['gemini-2.5-flash', 'low', { includeThoughts: true, thinkingBudget: 1024 }],
  ['gemini-2.5-flash', 'medium', { includeThoughts: true, thinkingBudget: 8192 }],
  ['gemini-2.5-flash', 'high', { includeThoughts: true, thinkingBudget: 24_576 }],
  ['gemini-2.5-pro', 'none', { thinkingBudget: 128 }],
  ['gemini-2.5-pro', 'xhigh', { includeThoughts: true, thinkingBudget: 32_768 }],
  ['gemini-3-flash-preview', 'none', { thinkingLevel: 'MINIMAL' }],
  ['gemini-3-flash-preview', 'medium', { includeThoughts: true, thinkingLevel: 'MEDIUM' }],
  ['gemini-3-pro-preview', 'minimal', { includeThoughts: true, thinkingLevel: 'LOW' }],
  ['gemini-3-pro-preview', 'medium', { includeThoughts: true, thinkingLevel: 'HIGH' }],
  ['publishers/google/models/gemini-3.1-pro-preview', 'medium', { includeThoughts: true, thinkingLevel: 'MEDIUM' }],
  ['gemini-flash-latest', 'high', { includeThoughts: true, thinkingLevel: 'HIGH' }],
])('%s thinks at effort %s', (model, effort, config) => {
  expect(convert(model, effort)).toEqual(config);
});

test.each([
  ['gemini-2.5-flash', 4000, { includeThoughts: true, thinkingBudget: 4000 }],
  ['gemini-2.5-flash', 30_000, { includeThoughts: true, thinkingBudget: 24_576 }],
  ['gemini-2.5-pro', 30_000, { includeThoughts: true, thinkingBudget: 30_000 }],
  ['gemini-3-flash-preview', 4000, { includeThoughts: true, thinkingLevel: 'MEDIUM' }],
])('%s thinks no longer than a budget of %i tokens', (model, thinking_budget_tokens, config) => {
  const request = toRequest({ reasoning_effort: 'medium', thinking_budget_tokens });
  expect(toThinkingConfig(request, model, toModelTraits(model))).toEqual(config);
});

test.each(['gemini-1.5-pro', 'gemini-2.0-flash', 'gemini-pro', 'gemma-3-27b-it', 'endpoints/1234'])(
  '%s does not think and is not asked to',
  (model) => {
    expect(convert(model, 'high')).toBeUndefined();
  },
);

test('effort that is unset or null stays unset', () => {
  expect(convert('gemini-3-flash-preview')).toBeUndefined();
  expect(convert('gemini-2.5-flash', null)).toBeUndefined();
});
