import { countTerms, createTermReader, type TermReader } from './search-terms.ts';

/** How fast repeats of a term stop counting, and how much a long text is held against it: the customary values. */
const SATURATION = 1.2;
const LENGTH_WEIGHT = 0.75;

/** Removed texts leave their entries behind until there are this many more of them than texts. */
const LEAST_GARBAGE = 256;

/** An inverted index over texts, each in a slot that the index hands out. Add, remove and search are exact at all times. */
export interface Bm25Index {
  readonly size: number;
  /** The slot of the text, whole numbers from 0. A slot is not used again before the index says so by `renumber`. */
  add(text: string): number;
  remove(slot: number): void;
  /**
   * Calls `visit` once for every text that shares a term with the query, by ascending slot. The score is above 0, without
   * an upper bound, and comparable within one search alone. `visit` may not change the index or search it.
   */
  search(query: string, visit: (slot: number, score: number) => void): void;
}

export interface Bm25Options {
  readonly readTerms?: TermReader;
  /** Told when the index was compacted: the text in slot `from` is now in slot `to`, which is never above `from`. */
  readonly renumber: (from: number, to: number) => void;
}

interface Postings {
  readonly term: string;
  /** Slots that hold the term, ascending; removed ones among them until the next compaction. */
  slots: Uint32Array;
  frequencies: Uint32Array;
  length: number;
  /** Texts that hold the term, without the removed ones. */
  texts: number;
}

/**
 * BM25 (Robertson et al., "Okapi at TREC-3", 1994; the inverse document frequency is Lucene's, which is never negative)
 * with k1 1.2 and b 0.75, kept up to date text by text: the counts it ranks by are those of the texts that are there.
 */
export function createBm25Index({ readTerms = createTermReader(), renumber }: Bm25Options): Bm25Index {
  let postingsByTerm = new Map<string, Postings>();
  /** By slot: the postings of the text's terms (undefined once removed), and its length in terms. */
  let contents: (readonly Postings[] | undefined)[] = [];
  let lengths: number[] = [];
  let size = 0;
  let totalLength = 0;
  let scores = new Float64Array(0);
  /** By slot: how much the text's length holds back its terms. Hangs on the average length, so made again after changes. */
  let dampings = new Float64Array(0);
  let changed = true;

  const readyToSearch = (): void => {
    if (!changed) return;
    changed = false;
    if (scores.length < contents.length) {
      scores = new Float64Array(contents.length * 2);
      dampings = new Float64Array(contents.length * 2);
    }
    const averageLength = totalLength / size;
    for (let slot = 0; slot < contents.length; slot += 1) {
      // Nothing counts in a text that was removed: x / infinity is 0.
      dampings[slot] =
        contents[slot] === undefined ? Number.POSITIVE_INFINITY : dampingOf((lengths[slot] as number) / averageLength);
    }
  };

  const postingsOf = (term: string): Postings => {
    let postings = postingsByTerm.get(term);
    if (postings === undefined) {
      postings = { term, slots: new Uint32Array(2), frequencies: new Uint32Array(2), length: 0, texts: 0 };
      postingsByTerm.set(term, postings);
    }
    return postings;
  };

  /** Rebuilds everything without the removed texts, in the same order. */
  const compact = (): void => {
    const target = new Uint32Array(contents.length);
    const remaining: (readonly Postings[])[] = [];
    const remainingLengths: number[] = [];
    for (const [slot, content] of contents.entries()) {
      if (content === undefined) continue;
      const to = remaining.length;
      target[slot] = to;
      remaining.push(content);
      remainingLengths.push(lengths[slot] as number);
      if (to !== slot) renumber(slot, to);
    }
    for (const postings of postingsByTerm.values()) {
      let kept = 0;
      for (let position = 0; position < postings.length; position += 1) {
        const slot = postings.slots[position] as number;
        if (contents[slot] === undefined) continue;
        postings.slots[kept] = target[slot] as number;
        postings.frequencies[kept] = postings.frequencies[position] as number;
        kept += 1;
      }
      postings.length = kept;
    }
    postingsByTerm = new Map([...postingsByTerm].filter(([, { texts }]) => texts > 0));
    contents = remaining;
    lengths = remainingLengths;
  };

  return {
    get size() {
      return size;
    },
    add(text) {
      const slot = contents.length;
      const terms = readTerms(text);
      const content: Postings[] = [];
      for (const [term, frequency] of countTerms(terms)) {
        const postings = postingsOf(term);
        append(postings, slot, frequency);
        content.push(postings);
      }
      contents.push(content);
      lengths.push(terms.length);
      size += 1;
      totalLength += terms.length;
      changed = true;
      return slot;
    },
    remove(slot) {
      const content = contents[slot];
      if (content === undefined) return;
      contents[slot] = undefined;
      size -= 1;
      changed = true;
      totalLength -= lengths[slot] as number;
      for (const postings of content) postings.texts -= 1;
      if (contents.length - size > size + LEAST_GARBAGE) compact();
    },
    search(query, visit) {
      if (size === 0) return;
      readyToSearch();
      for (const [term, repeats] of countTerms(readTerms(query))) {
        const postings = postingsByTerm.get(term);
        if (postings === undefined || postings.texts === 0) continue;
        const { slots, frequencies, length, texts } = postings;
        const weight = repeats * Math.log(1 + (size - texts + 0.5) / (texts + 0.5));
        for (let position = 0; position < length; position += 1) {
          const slot = slots[position] as number;
          const frequency = frequencies[position] as number;
          scores[slot] = (scores[slot] as number) + (weight * frequency) / (frequency + (dampings[slot] as number));
        }
      }
      for (let slot = 0; slot < contents.length; slot += 1) {
        const score = scores[slot] as number;
        if (score === 0) continue;
        scores[slot] = 0;
        visit(slot, score);
      }
    },
  };
}

/** What the frequency of a term is weighed against: frequency / (frequency + damping). 1 is the average length. */
export function dampingOf(relativeLength: number): number {
  return SATURATION * (1 - LENGTH_WEIGHT + LENGTH_WEIGHT * relativeLength);
}

function append(postings: Postings, slot: number, frequency: number): void {
  if (postings.length === postings.slots.length) {
    postings.slots = widen(postings.slots);
    postings.frequencies = widen(postings.frequencies);
  }
  postings.slots[postings.length] = slot;
  postings.frequencies[postings.length] = frequency;
  postings.length += 1;
  postings.texts += 1;
}

function widen(values: Uint32Array): Uint32Array {
  const wider = new Uint32Array(values.length * 2);
  wider.set(values);
  return wider;
}
