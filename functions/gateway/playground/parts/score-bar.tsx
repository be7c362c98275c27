/** A score beside its share of the best one. */
export function ScoreBar({ score, best }: { readonly score: number; readonly best: number }) {
  const share = best > 0 ? Math.min(1, Math.max(0, score / best)) : 0;
  return (
    <span class="score">
      <svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect class="bar-track" width="100" height="6" />
        <rect class="bar-fill" width={share * 100} height="6" />
      </svg>
      <span class="number">{score.toFixed(3)}</span>
    </span>
  );
}
