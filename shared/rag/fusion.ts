/** How a ranking by vectors and one by words become one. */
export type Fusion =
  /** By places alone: for embeddings whose scores have nothing to do with those of words. */
  | { readonly method: 'rrf'; readonly k?: number; readonly weights?: FusionWeights }
  /** By scores: for embeddings that themselves compare words, where the exact ranking by words is to lead. */
  | { readonly method: 'convex'; readonly weights?: FusionWeights };

export interface FusionWeights {
  readonly vector: number;
  readonly lexical: number;
}

export const RRF_WEIGHTS: FusionWeights = { vector: 1, lexical: 1 };
export const CONVEX_WEIGHTS: FusionWeights = { vector: 0.3, lexical: 0.7 };

const RRF_K = 60;

/**
 * Reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): a list gives the id at its place n, from 1,
 * weight / (k + n).
 * @param lists ids, best first.
 */
export function fuseRanks(
  lists: readonly (readonly string[])[],
  { k = RRF_K, weights = [] }: { readonly k?: number; readonly weights?: readonly number[] } = {},
): Map<string, number> {
  const fused = new Map<string, number>();
  for (const [list, ids] of lists.entries()) {
    const weight = weights[list] ?? 1;
    for (const [place, id] of ids.entries()) fused.set(id, (fused.get(id) ?? 0) + weight / (k + place + 1));
  }
  return fused;
}

/**
 * A weighted sum of scores, each list brought to the range from 0 to 1: its best score is 1, and 0 stays 0. The lowest
 * score of a list is no floor, because it says how long the list is and not how bad the hit.
 */
export function fuseScores(
  lists: readonly ReadonlyMap<string, number>[],
  weights: readonly number[],
): Map<string, number> {
  const fused = new Map<string, number>();
  for (const [list, scores] of lists.entries()) {
    const best = Math.max(0, ...scores.values());
    const factor = best === 0 ? 0 : (weights[list] ?? 1) / best;
    for (const [id, score] of scores) fused.set(id, (fused.get(id) ?? 0) + Math.max(0, score) * factor);
  }
  return fused;
}
