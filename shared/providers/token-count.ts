/** More tokens than any model reads or writes: a caller's budget must not be used up by a vendor's slip. */
const MAX_TOKENS = 1_000_000_000;

/** A vendor's count of tokens as a whole number; undefined for whatever is no count. */
export function toCount(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= MAX_TOKENS ? Math.round(value) : undefined;
}
