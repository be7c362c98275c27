import { expect, test } from 'vitest';
import { toModelTraits } from '../../../shared/providers/anthropic-model.ts';

test.each([
  ['claude-3-haiku-20240307', 'none', 'omit', 'both', false, true],
  ['claude-3-7-sonnet-20250219', 'budget', 'omit', 'both', false, true],
  ['claude-opus-4-20250514', 'budget', 'omit', 'both', false, true],
  ['claude-opus-4-1', 'budget', 'omit', 'one', false, true],
  ['claude-haiku-4-5-20251001', 'budget', 'omit', 'one', true, true],
  ['anthropic/claude-sonnet-4.6', 'adaptive', 'omit', 'one', true, true],
  ['claude-opus-4-8', 'adaptive', 'omit', 'none', true, true],
  ['claude-opus-5', 'adaptive', 'disabled', 'none', true, true],
  ['claude-opus-5-5', 'adaptive', 'never', 'none', true, false],
  ['claude-haiku-5-5', 'adaptive', 'disabled', 'none', true, false],
  ['claude-sonnet-5-5', 'adaptive', 'between_tools', 'none', true, false],
  ['claude-fable-5', 'adaptive', 'never', 'none', true, true],
  ['claude-mythos-5-1', 'adaptive', 'never', 'none', true, false],
  ['claude-mythos-preview', 'adaptive', 'never', 'none', true, true],
  ['house-model', 'budget', 'omit', 'both', false, true],
] as const)('%s is known by its name', (model, thinking, thinkingOff, sampling, structuredOutput, forcedTools) => {
  expect(toModelTraits(model)).toMatchObject({ thinking, thinkingOff, sampling, structuredOutput, forcedTools });
});
