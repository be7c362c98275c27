import type OpenAI from 'openai';
import { toCount } from './token-count.ts';

type Usage = OpenAI.CompletionUsage;

/** Usage as compatible vendors send it: any field may be missing, null or of another type, and vendors add their own. */
type LooseUsage = Readonly<Record<string, unknown>>;

/** Where vendors put the cached part of the prompt when not in OpenAI's details: Mistral, DeepSeek, Moonshot and TGI. */
const CACHED_TOKENS = ['num_cached_tokens', 'prompt_cache_hit_tokens', 'cached_tokens'];

/**
 * Usage with all three counts, their sum as the total. Reasoning tokens are added to `completion_tokens` when the
 * vendor's own total shows that they were left out, or when the vendor is known to and gives no total.
 */
export function toUsage(usage: LooseUsage, { addReasoning = false }: { readonly addReasoning?: boolean } = {}): Usage {
  const { completion_tokens_details, prompt_tokens_details, ...rest } = usage;
  const promptDetails = toDetails(prompt_tokens_details);
  const completionDetails = toDetails(completion_tokens_details);
  if (promptDetails.cached_tokens === undefined) {
    const cached = CACHED_TOKENS.map((field) => toCount(usage[field])).find((count) => count !== undefined);
    if (cached !== undefined) promptDetails.cached_tokens = cached;
  }
  const prompt = toCount(usage.prompt_tokens) ?? 0;
  const stated = toCount(usage.completion_tokens) ?? 0;
  const reasoning = completionDetails.reasoning_tokens ?? 0;
  const total = toCount(usage.total_tokens);
  const leftOut = total === undefined ? addReasoning : total === prompt + stated + reasoning;
  const completion = leftOut ? stated + reasoning : stated;
  return {
    ...rest,
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    ...(Object.keys(promptDetails).length > 0 ? { prompt_tokens_details: promptDetails } : {}),
    ...(Object.keys(completionDetails).length > 0 ? { completion_tokens_details: completionDetails } : {}),
  };
}

/** Whether usage can be forwarded as it is. */
export function isPlainUsage(usage: unknown): boolean {
  if (!isFields(usage)) return false;
  return (
    isCount(usage.prompt_tokens) &&
    isCount(usage.completion_tokens) &&
    usage.total_tokens === (usage.prompt_tokens as number) + (usage.completion_tokens as number) &&
    isPlainDetails(usage.prompt_tokens_details) &&
    isPlainDetails(usage.completion_tokens_details) &&
    CACHED_TOKENS.every((field) => usage[field] === undefined)
  );
}

/** Whether a value is an object with fields to read. */
export function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPlainDetails(details: unknown): boolean {
  return details === undefined || (isFields(details) && Object.values(details).every(isCount));
}

/** The counts among the details; what OpenAI's schema does not allow, or is no count, is left out. */
function toDetails(details: unknown): Record<string, number> {
  if (!isFields(details)) return {};
  return Object.fromEntries(Object.entries(details).filter((entry): entry is [string, number] => isCount(entry[1])));
}

function isCount(value: unknown): boolean {
  return toCount(value) === value;
}
