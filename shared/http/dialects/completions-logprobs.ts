import type { ChatChoice } from '../../contracts/chat-provider.ts';

/** Log probabilities as text completions have them: lists side by side, one entry per token. */
export interface CompletionLogprobs {
  readonly tokens: readonly string[];
  readonly token_logprobs: readonly number[];
  /** Null when alternatives were not asked for. */
  readonly top_logprobs: readonly Readonly<Record<string, number>>[] | null;
  /** Where each token begins in the answer's text, in UTF-16 units. */
  readonly text_offset: readonly number[];
}

/**
 * Chat's log probabilities in the older form.
 * @param start length of the answer's text so far, in a stream.
 */
export function toCompletionLogprobs(
  logprobs: ChatChoice['logprobs'] | undefined,
  start = 0,
): CompletionLogprobs | null {
  const content = logprobs?.content ?? [];
  if (content.length === 0) return null;
  let offset = start;
  const offsets = content.map(({ token }) => {
    const begin = offset;
    offset += token.length;
    return begin;
  });
  const alternatives = content.map(({ top_logprobs: top }) =>
    Object.fromEntries(top.map(({ token, logprob }) => [token, logprob])),
  );
  return {
    tokens: content.map(({ token }) => token),
    token_logprobs: content.map(({ logprob }) => logprob),
    top_logprobs: content.some(({ top_logprobs: top }) => top.length > 0) ? alternatives : null,
    text_offset: offsets,
  };
}
