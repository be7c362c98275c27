import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../../shared/contracts/chat-provider.ts';
import { toReasoningEffort, toThinkingDisplay } from '../../../../shared/http/dialects/messages-thinking.ts';
import { toModelTraits } from '../../../../shared/providers/anthropic-model.ts';
import { toThinkingParams } from '../../../../shared/providers/anthropic-thinking.ts';

describe('toReasoningEffort', () => {
  it.each([
    [1024, 'low'],
    [2048, 'low'],
    [2049, 'medium'],
    [8192, 'medium'],
    [8193, 'high'],
    [16_384, 'high'],
    [32_000, 'high'],
  ] as const)('reads a budget of %i tokens as %s', (budget_tokens, effort) => {
    expect(toReasoningEffort({ thinking: { type: 'enabled', budget_tokens } })).toBe(effort);
  });

  it.each(['low', 'medium', 'high'] as const)('is the inverse of the budget that %s becomes', (effort) => {
    const request: ChatRequest = { model: 'm', messages: [], reasoning_effort: effort };
    const { thinking } = toThinkingParams({ request, traits: toModelTraits('claude-sonnet-4-5'), isForced: false });
    expect(thinking?.type).toBe('enabled');
    expect(toReasoningEffort(thinking?.type === 'enabled' ? { thinking } : {})).toBe(effort);
  });

  it('takes an effort that is named before a budget, and thinking turned off before both', () => {
    const output_config = { effort: 'max' as const };
    expect(toReasoningEffort({ thinking: { type: 'enabled', budget_tokens: 1024 }, output_config })).toBe('max');
    expect(toReasoningEffort({ thinking: { type: 'adaptive' }, output_config })).toBe('max');
    expect(toReasoningEffort({ output_config })).toBe('max');
    expect(toReasoningEffort({ thinking: { type: 'disabled' }, output_config })).toBe('none');
  });

  it('leaves adaptive thinking at its default and says nothing when nothing was said', () => {
    expect(toReasoningEffort({ thinking: { type: 'adaptive' } })).toBe('high');
    expect(toReasoningEffort({ thinking: { type: 'between_tools' } })).toBe('none');
    expect(toReasoningEffort({})).toBeUndefined();
  });
});

describe('toThinkingDisplay', () => {
  it('shows everything unless thinking is off or omitted', () => {
    expect(toThinkingDisplay({})).toEqual({ isOmitted: false, isSignedOnly: false });
    expect(toThinkingDisplay({ thinking: { type: 'adaptive', display: 'summarized' } })).toEqual({
      isOmitted: false,
      isSignedOnly: false,
    });
    expect(toThinkingDisplay({ thinking: { type: 'disabled' } })).toEqual({ isOmitted: false, isSignedOnly: true });
    expect(toThinkingDisplay({ thinking: { type: 'enabled', budget_tokens: 1024, display: 'omitted' } })).toEqual({
      isOmitted: true,
      isSignedOnly: true,
    });
  });
});
