import { estimateTokens } from '../usage/tokens.ts';

/** What stands for what was left out. */
const GAP = '\n…\n';

/**
 * A message of at most so many tokens, by estimate: its beginning and its end where it is longer, because a question
 * stands before or after the text it is about.
 */
export function shortenMessage(text: string, maxTokens: number): string {
  if (estimateTokens(text) <= maxTokens) return text;
  const keep = (characters: number): string =>
    `${text.slice(0, characters)}${GAP}${text.slice(text.length - characters)}`.toWellFormed();
  let fits = 0;
  let exceeds = Math.ceil(text.length / 2);
  while (exceeds - fits > 1) {
    const middle = (fits + exceeds) >> 1;
    if (estimateTokens(keep(middle)) <= maxTokens) fits = middle;
    else exceeds = middle;
  }
  return keep(fits);
}
