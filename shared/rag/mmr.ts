export interface Diversity<Item> {
  /** Best first. */
  readonly items: readonly Item[];
  readonly limit: number;
  /** 1 orders by relevance alone, 0 by difference alone. */
  readonly lambda: number;
  /** From 0 to 1. */
  readonly relevanceOf: (item: Item) => number;
  /** How alike two items are, 1 for equal ones. */
  readonly similarityOf: (left: Item, right: Item) => number;
}

/**
 * Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998): one after the other, the item that is relevant and
 * unlike those chosen before it. Equals keep their order.
 */
export function selectDiverse<Item>({ items, limit, lambda, relevanceOf, similarityOf }: Diversity<Item>): Item[] {
  const chosen: Item[] = [];
  // What each candidate has most in common with the chosen ones, so that a choice costs one comparison per candidate.
  let candidates = items.map((item) => ({ item, relevance: relevanceOf(item), closest: 0 }));
  while (chosen.length < limit) {
    const [first, ...others] = candidates;
    if (first === undefined) break;
    const gain = ({ relevance, closest }: typeof first): number => lambda * relevance - (1 - lambda) * closest;
    const best = others.reduce((leader, candidate) => (gain(candidate) > gain(leader) ? candidate : leader), first);
    chosen.push(best.item);
    candidates = candidates.filter((candidate) => candidate !== best);
    for (const candidate of candidates) {
      candidate.closest = Math.max(candidate.closest, similarityOf(best.item, candidate.item));
    }
  }
  return chosen;
}
