export interface RecentMapLimits<Value> {
  readonly max: number;
  /** Entries that go before all others; by default the oldest goes. */
  readonly giveUpFirst?: (value: Value) => boolean;
}

/**
 * Sets an entry of a map that is kept in the order of use: the entry becomes the newest one, and above `max` the oldest
 * is given up.
 */
export function remember<Value>(
  entries: Map<string, Value>,
  key: string,
  value: Value,
  { max, giveUpFirst }: RecentMapLimits<Value>,
): void {
  entries.delete(key);
  if (entries.size >= max) {
    const spare = toGiveUp(entries, giveUpFirst);
    if (spare !== undefined) entries.delete(spare);
  }
  entries.set(key, value);
}

function toGiveUp<Value>(
  entries: ReadonlyMap<string, Value>,
  giveUpFirst: ((value: Value) => boolean) | undefined,
): string | undefined {
  if (giveUpFirst) {
    for (const [key, value] of entries) if (giveUpFirst(value)) return key;
  }
  return entries.keys().next().value;
}
