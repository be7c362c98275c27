import { stem } from './porter-stemmer.ts';
import { toWords } from './text-analysis.ts';

/** English words that ranking by words passes over: the short list that search engines have used since Lucene. */
const STOP_WORDS: ReadonlySet<string> = new Set(
  (
    'a an and are as at be but by for if in into is it no not of on or such that the their then there these they this ' +
    'to was will with'
  ).split(' '),
);

/** Distinct words whose stems are remembered. Texts repeat themselves: most words come from a few thousand. */
const MAX_REMEMBERED = 50_000;

/** The terms of a text in the order they stand in it, repeats included; none for a text of stop words alone. */
export type TermReader = (text: string) => string[];

/**
 * What ranking by words compares: lower case, NFKC, without stop words, English words stemmed, unspaced scripts in
 * pairs of characters. Stemming is most of the work, so a reader remembers the stems it has made.
 */
export function createTermReader(): TermReader {
  let stems = new Map<string, string>();
  return (text) => {
    const terms: string[] = [];
    for (const word of toWords(text)) {
      if (STOP_WORDS.has(word)) continue;
      let term = stems.get(word);
      if (term === undefined) {
        term = stem(word);
        if (stems.size === MAX_REMEMBERED) stems = new Map();
        stems.set(word, term);
      }
      terms.push(term);
    }
    return terms;
  };
}

/** How often each term occurs. */
export function countTerms(terms: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  return counts;
}
