import type { StoreScope } from '../../contracts/vector-store.ts';
import { remember } from '../../resilience/recent-map.ts';

/** Up to so many chunks in a scope every one of them is compared; above that, the index of the store proposes some. */
export const DEFAULT_EXACT_UP_TO = 20_000;

/** A collection does not grow from small to large between two searches; counting each time would cost more than it saves. */
const VALID_MS = 60_000;
const MAX_SCOPES = 1_000;

export interface ScopeSizesOptions {
  /** Most chunks of a scope that counts as small; infinity never counts. */
  readonly limit: number;
  /** The chunks of a scope, or any number above `atMost` when there are more. */
  readonly count: (scope: StoreScope, atMost: number) => Promise<number>;
  readonly now: () => number;
}

/** Remembers which scopes have grown beyond exact search. */
export function createScopeSizes({ limit, count, now }: ScopeSizesOptions): (scope: StoreScope) => Promise<boolean> {
  const known = new Map<string, { readonly isLarge: boolean; readonly untilMs: number }>();
  return async (scope) => {
    if (limit === Number.POSITIVE_INFINITY) return false;
    const key = toScopeKey(scope);
    const entry = known.get(key);
    if (entry !== undefined && now() < entry.untilMs) return entry.isLarge;
    const isLarge = (await count(scope, limit)) > limit;
    remember(known, key, { isLarge, untilMs: now() + VALID_MS }, { max: MAX_SCOPES });
    return isLarge;
  };
}

/** Collection names hold no colon, so this cannot be ambiguous; a tenant called "null" is not the null tenant. */
export function toScopeKey({ collection, tenant }: Pick<StoreScope, 'collection' | 'tenant'>): string {
  return tenant === null ? collection : `${collection}:${tenant}`;
}
