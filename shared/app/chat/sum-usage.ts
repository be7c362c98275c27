import type { ChatCompletion } from '../../contracts/chat-provider.ts';

type Usage = NonNullable<ChatCompletion['usage']>;

const DETAILS = ['prompt_tokens_details', 'completion_tokens_details'] as const;

/** Usage of several calls as that of one, details included; undefined when no call told any. */
export function sumUsage(usages: readonly (Usage | undefined)[]): Usage | undefined {
  const known = usages.filter((usage) => usage !== undefined);
  const [first, ...others] = known;
  if (!first || others.length === 0) return first;
  const sum = (countOf: (usage: Usage) => number): number => known.reduce((total, usage) => total + countOf(usage), 0);
  const total: Usage = {
    prompt_tokens: sum((usage) => usage.prompt_tokens),
    completion_tokens: sum((usage) => usage.completion_tokens),
    total_tokens: sum((usage) => usage.total_tokens),
  };
  for (const field of DETAILS) {
    const details = known.flatMap((usage) => Object.entries(usage[field] ?? {}));
    if (details.length === 0) continue;
    const counts: Record<string, number> = {};
    for (const [name, count] of details) {
      if (typeof count === 'number') counts[name] = (counts[name] ?? 0) + count;
    }
    total[field] = counts;
  }
  return total;
}
