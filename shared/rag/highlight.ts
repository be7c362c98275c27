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
  return (content) => {
    const highlights: { start: number; end: number }[] = [];
    for (const { word, start, end } of locateWords(content)) {
      if (!readTerms(word).some((term) => wanted.has(term))) continue;
      const last = highlights.at(-1);
      if (last !== undefined && start < last.end) last.end = Math.max(last.end, end);
      else highlights.push({ start, end });
    }
    return highlights;
  };
}
