import type { ScoredChunk } from '../contracts/vector-store.ts';
import { countTerms, createTermReader } from '../text/search-terms.ts';

/** The cosine of two vectors; 0 when one has no direction, or their lengths differ. */
export function cosine(left: Float32Array, right: Float32Array): number {
  if (left.length !== right.length) return 0;
  let product = 0;
  let leftSquares = 0;
  let rightSquares = 0;
  for (let position = 0; position < left.length; position += 1) {
    const value = left[position] as number;
    const other = right[position] as number;
    product += value * other;
    leftSquares += value * value;
    rightSquares += other * other;
  }
  return leftSquares === 0 || rightSquares === 0 ? 0 : product / Math.sqrt(leftSquares * rightSquares);
}

type Comparable = Pick<ScoredChunk, 'content' | 'embedding'>;

export interface LikenessOptions {
  /** The vectors compare words themselves, only less exactly: they are not looked at. Default false. */
  readonly byWords?: boolean;
}

/** How alike two chunks are, up to 1: by their vectors where the store gave both, else by the words they share. */
export function createLikeness({
  byWords = false,
}: LikenessOptions = {}): (left: Comparable, right: Comparable) => number {
  const readTerms = createTermReader();
  const known = new Map<string, ReadonlyMap<string, number>>();
  const wordsOf = (content: string): ReadonlyMap<string, number> => {
    const words = known.get(content) ?? countTerms(readTerms(content));
    known.set(content, words);
    return words;
  };
  return (left, right) => {
    if (!byWords && left.embedding !== undefined && right.embedding !== undefined) {
      return cosine(left.embedding, right.embedding);
    }
    return sharedWords(wordsOf(left.content), wordsOf(right.content));
  };
}

function sharedWords(left: ReadonlyMap<string, number>, right: ReadonlyMap<string, number>): number {
  let product = 0;
  for (const [term, count] of left) product += count * (right.get(term) ?? 0);
  const length = Math.sqrt(squares(left) * squares(right));
  return length === 0 ? 0 : product / length;
}

function squares(counts: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const count of counts.values()) sum += count * count;
  return sum;
}
