/** Where a search puts what it finds. */
export interface BestRows {
  /** Rows of a lower score need not be offered. Rises as rows are offered. */
  readonly bar: number;
  offer(row: number, score: number): void;
}

/** The best `limit` rows seen so far, in memory bounded by `limit`. */
export interface TopK extends BestRows {
  /** Offers a row. `isAfter(a, b)` of the creator decides among rows of equal score. */
  offer(row: number, score: number): void;
  /** Best first. */
  drain(): { row: number; score: number }[];
}

export interface TopKOptions {
  readonly limit: number;
  /** Whether row `left` comes after row `right` in the result when both have the same score. */
  readonly isAfter: (left: number, right: number) => boolean;
}

/** A binary heap with the worst kept row on top, so that most rows cost one comparison. */
export function createTopK({ limit, isAfter }: TopKOptions): TopK {
  const rows: number[] = [];
  const scores: number[] = [];

  const isWorse = (left: number, right: number): boolean => {
    const leftScore = scores[left] as number;
    const rightScore = scores[right] as number;
    if (leftScore !== rightScore) return leftScore < rightScore;
    return isAfter(rows[left] as number, rows[right] as number);
  };
  const swap = (left: number, right: number): void => {
    const row = rows[left] as number;
    const score = scores[left] as number;
    rows[left] = rows[right] as number;
    scores[left] = scores[right] as number;
    rows[right] = row;
    scores[right] = score;
  };
  const siftUp = (): void => {
    let child = rows.length - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!isWorse(child, parent)) return;
      swap(child, parent);
      child = parent;
    }
  };
  const siftDown = (): void => {
    let parent = 0;
    for (;;) {
      const left = 2 * parent + 1;
      if (left >= rows.length) return;
      const right = left + 1;
      const worst = right < rows.length && isWorse(right, left) ? right : left;
      if (!isWorse(worst, parent)) return;
      swap(parent, worst);
      parent = worst;
    }
  };

  return {
    get bar() {
      return rows.length < limit ? Number.NEGATIVE_INFINITY : (scores[0] as number);
    },
    offer(row, score) {
      if (rows.length < limit) {
        rows.push(row);
        scores.push(score);
        siftUp();
        return;
      }
      const worstScore = scores[0] as number;
      if (score < worstScore || (score === worstScore && isAfter(row, rows[0] as number))) return;
      rows[0] = row;
      scores[0] = score;
      siftDown();
    },
    drain() {
      const order = rows.map((_, position) => position);
      order.sort((left, right) => (isWorse(left, right) ? 1 : -1));
      return order.map((position) => ({ row: rows[position] as number, score: scores[position] as number }));
    },
  };
}
