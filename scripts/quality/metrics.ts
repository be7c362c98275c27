export interface Metrics {
  /** Normalised discounted cumulative gain of the first ten, every relevant document worth the same. */
  readonly ndcg: number;
  /** Share of the relevant documents that are among the first ten. */
  readonly recall: number;
  /** 1 over the place of the first relevant document; 0 when it is not among the first ten. */
  readonly reciprocalRank: number;
}

export const DEPTH = 10;

/** How good a ranking is, from 0 to 1. `ranked` is best first; what comes after the first ten does not count. */
export function judgeRanking(ranked: readonly string[], relevant: ReadonlySet<string>): Metrics {
  const gain = (place: number): number => 1 / Math.log2(place + 2);
  const hits = ranked.slice(0, DEPTH).map((id) => relevant.has(id));
  const found = hits.reduce((sum, hit, place) => sum + (hit ? gain(place) : 0), 0);
  let ideal = 0;
  for (let place = 0; place < Math.min(DEPTH, relevant.size); place += 1) ideal += gain(place);
  const first = hits.indexOf(true);
  return {
    ndcg: ideal === 0 ? 0 : found / ideal,
    recall: relevant.size === 0 ? 0 : hits.filter(Boolean).length / relevant.size,
    reciprocalRank: first === -1 ? 0 : 1 / (first + 1),
  };
}

export function averageMetrics(all: readonly Metrics[]): Metrics {
  const average = (of: (metrics: Metrics) => number): number =>
    all.length === 0 ? 0 : all.reduce((sum, metrics) => sum + of(metrics), 0) / all.length;
  return {
    ndcg: average(({ ndcg }) => ndcg),
    recall: average(({ recall }) => recall),
    reciprocalRank: average(({ reciprocalRank }) => reciprocalRank),
  };
}
