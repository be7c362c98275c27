import { dampingOf } from '../../text/bm25.ts';
import { hashText } from '../../text/feature-hash.ts';
import { countTerms, createTermReader } from '../../text/search-terms.ts';

/** Name of the sparse vector that stands for the words of a chunk. */
export const WORDS = 'words';

/** Terms of a text of ordinary length: a chunk of about 1,000 characters. */
const ORDINARY_LENGTH = 100;

/** A place for each term, from 0 to 2^32 - 1, and its weight. No place is there twice. */
export interface SparseVector {
  readonly indices: readonly number[];
  readonly values: readonly number[];
}

/**
 * BM25 in two halves: how often a chunk has a term, against its length, is in the chunk's sparse vector; how rare the
 * term is, Qdrant knows itself and multiplies by (`modifier: idf`), over all chunks of its collection. What an ordinary
 * length is, is fixed, since chunks come and go.
 */
export interface QdrantWords {
  /** Undefined for a text without terms. */
  ofChunk(content: string): SparseVector | undefined;
  ofQuery(text: string): SparseVector | undefined;
}

export function createQdrantWords(): QdrantWords {
  const readTerms = createTermReader();
  return {
    ofChunk(content) {
      const terms = readTerms(content);
      const damping = dampingOf(terms.length / ORDINARY_LENGTH);
      return toSparse(countTerms(terms), (frequency) => frequency / (frequency + damping));
    },
    ofQuery: (text) => toSparse(countTerms(readTerms(text)), (repeats) => repeats),
  };
}

function toSparse(counts: ReadonlyMap<string, number>, weigh: (count: number) => number): SparseVector | undefined {
  if (counts.size === 0) return undefined;
  const weights = new Map<number, number>();
  for (const [term, count] of counts) {
    const place = hashText(term);
    weights.set(place, (weights.get(place) ?? 0) + weigh(count));
  }
  return { indices: [...weights.keys()], values: [...weights.values()] };
}
