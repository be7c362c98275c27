import type { ChatCompletion } from '../contracts/chat-provider.ts';
import type { GeminiUsage } from './gemini-types.ts';
import { toCount } from './token-count.ts';

/**
 * Usage in OpenAI's terms: input is the prompt, cached tokens included, and what Google's tools fed to the model; output
 * is the answer and the thoughts, which the vendor counts apart.
 */
export function toUsage(usage: GeminiUsage): NonNullable<ChatCompletion['usage']> {
  const prompt = (toCount(usage.promptTokenCount) ?? 0) + (toCount(usage.toolUsePromptTokenCount) ?? 0);
  const reasoning = toCount(usage.thoughtsTokenCount) ?? 0;
  const completion = (toCount(usage.candidatesTokenCount) ?? 0) + reasoning;
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: toCount(usage.cachedContentTokenCount) ?? 0 },
    completion_tokens_details: { reasoning_tokens: reasoning },
  };
}

/** The counts of a stream so far: the last one that is there, field by field. */
export function mergeUsage(known: GeminiUsage | undefined, next: GeminiUsage): GeminiUsage {
  const given = Object.entries(next).filter(([, value]) => typeof value === 'number');
  return { ...known, ...Object.fromEntries(given) };
}
