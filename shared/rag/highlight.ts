import { createTermReader } from '../text/search-terms.ts';
import { locateWords } from '../text/text-analysis.ts';

/** A stretch of a content that matches the query: UTF-16 offsets, `end` not included. */
export interface Highlight {
  readonly start: number;
  readonly end: number;
}

/**
 * Where the query's words stand in a content, in any of their inflections; ascending, and never overlapping. Made for
 * one query and used for many contents.
 */
export function createHighlighter(query: string): (content: string) => Highlight[] {
  const readTerms = createTermReader();
  const wanted = new Set(readTerms(query));
  // Texts repeat their words, and so do the texts of one answer.
  const known = new Map<string, boolean>();
  const isWanted = (word: string): boolean => {
    let answer = known.get(word);
    if (answer === undefined) {
      answer = readTerms(word).some((term) => wanted.has(term));
      known.set(word, answer);
    }
    return answer;
  };
  return (content) => {
    const highlights: { start: number; end: number }[] = [];
    for (const { word, start, end } of locateWords(content)) {
      if (!isWanted(word)) continue;
      const last = highlights.at(-1);
      if (last !== undefined && start < last.end) last.end = Math.max(last.end, end);
      else highlights.push({ start, end });
    }
    return highlights;
  };
}
