import { dampingOf } from './bm25.ts';
import { COMMON_WORD_WEIGHT, commonStems } from './common-words.ts';
import { countTerms, createTermReader } from './search-terms.ts';

/** Terms of a text of ordinary length: a chunk of about 1,000 characters. */
const ORDINARY_LENGTH = 100;

/** How well a text matches; 0 when it shares no word with the query. Undefined for a query without words to look for. */
export type WordScorer = (query: string) => ((text: string) => number) | undefined;

/**
 * BM25 for a text on its own, where nobody knows how often a word occurs in the others: words of English that turn up
 * everywhere weigh less, and what an ordinary length is, is fixed.
 */
export function createWordScorer(): WordScorer {
  const readTerms = createTermReader();
  let common: ReadonlySet<string> | undefined;
  return (query) => {
    common ??= commonStems();
    const weights = countTerms(readTerms(query));
    if (weights.size === 0) return undefined;
    for (const [term, repeats] of weights) if (common.has(term)) weights.set(term, repeats * COMMON_WORD_WEIGHT);
    return (text) => {
      const terms = readTerms(text);
      const damping = dampingOf(terms.length / ORDINARY_LENGTH);
      let score = 0;
      for (const [term, frequency] of countTerms(terms)) {
        const weight = weights.get(term);
        if (weight !== undefined) score += (weight * frequency) / (frequency + damping);
      }
      return score;
    };
  };
}
