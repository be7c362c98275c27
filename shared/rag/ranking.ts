import type { ScoredChunk } from '../contracts/vector-store.ts';
import { compareText } from '../text/text-order.ts';
import { CONVEX_WEIGHTS, type Fusion, fuseRanks, fuseScores, RRF_WEIGHTS } from './fusion.ts';
import { cosine } from './likeness.ts';

/** A chunk that one or more rankings found. */
export interface Hit {
  readonly chunk: ScoredChunk;
  /** What the hits are ordered by; comparable within one ranking alone. */
  readonly relevance: number;
  /** Similarity of its vector with the query's, on the store's scale. Undefined where it is not known. */
  readonly similarity: number | undefined;
  /** What the store's ranking by words gave it. */
  readonly wordScore: number | undefined;
}

/**
 * Largest difference between a cosine computed here and the store's score at which the store counts as using cosine.
 */
const MEASURE_TOLERANCE = 1e-3;
/** As the stores have it: a similarity this close to the lowest one counts as equal. */
const SCORE_TOLERANCE = 1e-6;

export function toVectorHits(chunks: readonly ScoredChunk[]): Hit[] {
  return chunks.map((chunk) => ({ chunk, relevance: chunk.score, similarity: chunk.score, wordScore: undefined }));
}

export function toWordHits(chunks: readonly ScoredChunk[]): Hit[] {
  return chunks.map((chunk) => ({ chunk, relevance: chunk.score, similarity: undefined, wordScore: chunk.score }));
}

export interface HybridInput {
  /** The query's vector. */
  readonly vector: Float32Array;
  /** Best first, without what is below `minScore`. */
  readonly byVector: readonly ScoredChunk[];
  /** Best first. */
  readonly byWords: readonly ScoredChunk[];
  readonly minScore: number | undefined;
  readonly fusion: Fusion;
}

/**
 * The rankings by vectors and by words as one. `minScore` is a similarity of vectors here too: a chunk that only its
 * words found has to reach it as well, and is left out when its similarity is not known.
 */
export function fuseHybrid({ vector, byVector, byWords, minScore, fusion }: HybridInput): Hit[] {
  const similarities = new Map(byVector.map(({ id, score }) => [id, score]));
  // The similarity of what only the words found is computed here, as a cosine: right only if that is the store's
  // measure.
  const isCosine =
    byVector.length > 0 &&
    byVector.every(
      ({ embedding, score }) =>
        embedding !== undefined && Math.abs(cosine(vector, embedding) - score) < MEASURE_TOLERANCE,
    );
  for (const { id, embedding } of byWords) {
    if (isCosine && embedding !== undefined && !similarities.has(id)) similarities.set(id, cosine(vector, embedding));
  }
  const reaches = (id: string): boolean => {
    const similarity = similarities.get(id);
    return minScore === undefined || (similarity !== undefined && similarity >= minScore - SCORE_TOLERANCE);
  };
  const words = byWords.filter(({ id }) => reaches(id));
  const wordScores = new Map(words.map(({ id, score }) => [id, score]));
  const chunks = new Map([...words, ...byVector].map((chunk) => [chunk.id, chunk]));
  const relevance =
    fusion.method === 'rrf'
      ? fuseRanks([byVector.map(({ id }) => id), words.map(({ id }) => id)], {
          ...(fusion.k === undefined ? {} : { k: fusion.k }),
          weights: toList(fusion.weights ?? RRF_WEIGHTS),
        })
      : fuseScores(
          [new Map([...similarities].filter(([id]) => chunks.has(id))), wordScores],
          toList(fusion.weights ?? CONVEX_WEIGHTS),
        );
  const hits = [...chunks.values()].map((chunk) => ({
    chunk,
    relevance: relevance.get(chunk.id) ?? 0,
    similarity: similarities.get(chunk.id),
    wordScore: wordScores.get(chunk.id),
  }));
  return hits.sort(byRelevance);
}

/** The rankings of several wordings as one, each chunk once, with the best it reached under any of them. */
export function fuseWordings(rankings: readonly (readonly Hit[])[]): Hit[] {
  const [only] = rankings;
  if (only !== undefined && rankings.length === 1) return [...only];
  const relevance = fuseRanks(rankings.map((hits) => hits.map(({ chunk }) => chunk.id)));
  const best = new Map<string, Hit>();
  for (const hit of rankings.flat()) {
    const known = best.get(hit.chunk.id);
    best.set(hit.chunk.id, {
      chunk: known?.chunk ?? hit.chunk,
      relevance: relevance.get(hit.chunk.id) ?? 0,
      similarity: higher(known?.similarity, hit.similarity),
      wordScore: higher(known?.wordScore, hit.wordScore),
    });
  }
  return [...best.values()].sort(byRelevance);
}

/**
 * Scores to show beside the hits, which never rise from one hit to the next: each hit's own score, or the best score
 * after it where something else (its words, or diversity) ranked it higher. A hit without a known score counts as 0.
 */
export function toFallingScores(hits: readonly Hit[], scoreOf: (hit: Hit) => number | undefined): number[] {
  const scores = hits.map((hit) => scoreOf(hit) ?? 0);
  for (let place = scores.length - 2; place >= 0; place -= 1) {
    scores[place] = Math.max(scores[place] as number, scores[place + 1] as number);
  }
  return scores;
}

function byRelevance(left: Hit, right: Hit): number {
  return right.relevance - left.relevance || compareText(left.chunk.id, right.chunk.id);
}

function higher(left: number | undefined, right: number | undefined): number | undefined {
  return left === undefined || right === undefined ? (left ?? right) : Math.max(left, right);
}

function toList({ vector, lexical }: { readonly vector: number; readonly lexical: number }): number[] {
  return [vector, lexical];
}
