import type { StoreScope, VectorStore } from '../../contracts/vector-store.ts';
import { remember } from '../../resilience/recent-map.ts';

/** Index entries that Firestore counts as one read in a nearest-neighbour query (https://cloud.google.com/firestore/pricing). */
const ENTRIES_PER_READ = 100;
/** How long a collection's size is taken for known. Counting costs a read per 1,000 chunks. */
const SIZE_LIFETIME_MS = 600_000;
const MAX_SIZES = 1_000;

export interface ReadEstimate {
  /**
   * About how many document reads a search is charged for; null when the size of the collection cannot be had. Call it
   * before the search, so that both are under way at once.
   */
  begin(
    scope: Pick<StoreScope, 'collection' | 'tenant'>,
  ): (store: { readonly searches: number; readonly chunks: number }) => Promise<number | null>;
}

export interface ReadEstimateOptions {
  readonly count: (scope: StoreScope) => ReturnType<VectorStore['count']>;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
}

/** What searches cost where a store charges per document read: index entries looked at, and documents given. */
export function createReadEstimate({ count, now = () => performance.now() }: ReadEstimateOptions): ReadEstimate {
  const sizes = new Map<string, { readonly atMs: number; readonly size: Promise<number | null> }>();
  return {
    begin(scope) {
      const key = JSON.stringify([scope.collection, scope.tenant]);
      let known = sizes.get(key);
      if (known === undefined || now() - known.atMs >= SIZE_LIFETIME_MS) {
        // Not under this caller's signal: others wait for the same count.
        const size = count({ collection: scope.collection, tenant: scope.tenant }).catch(() => {
          sizes.delete(key);
          return null;
        });
        known = { atMs: now(), size };
        remember(sizes, key, known, { max: MAX_SIZES });
      }
      const { size } = known;
      return async ({ searches, chunks }) => {
        const entries = await size;
        // A query that finds nothing is charged for as one read.
        return entries === null ? null : searches * Math.max(1, Math.ceil(entries / ENTRIES_PER_READ)) + chunks;
      };
    },
  };
}
