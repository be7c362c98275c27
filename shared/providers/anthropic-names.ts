/** What the vendor takes in the names of tools and in the ids of calls. */
const REFUSED = /[^a-zA-Z0-9_-]/g;
export const MAX_NAME_LENGTH = 128;

export interface NameMap {
  /** What the vendor is told in place of a name: the name itself where the vendor takes it. */
  toVendor(name: string): string;
  /** The names that had to be changed, by what the vendor was told. */
  readonly changed: ReadonlyMap<string, string>;
}

/**
 * Names in characters that the vendor takes, no two the same. Characters it refuses become underscores, and a number
 * tells apart what would be alike then.
 * @param names all that one request holds.
 */
export function createNameMap(names: Iterable<string>, maxLength = Number.POSITIVE_INFINITY): NameMap {
  const given = new Set(names);
  const taken = new Set([...given].filter((name) => toSafe(name, maxLength) === name));
  const vendorNames = new Map<string, string>();
  const changed = new Map<string, string>();
  /** How far the numbers of a name have been tried: a long conversation may hold many that are alike. */
  const numbers = new Map<string, number>();
  for (const name of given) {
    const safe = toSafe(name, maxLength);
    if (safe === name) continue;
    let free = safe;
    let number = numbers.get(safe) ?? 1;
    while (taken.has(free)) {
      number += 1;
      const suffix = `_${number}`;
      free = `${safe.slice(0, maxLength - suffix.length)}${suffix}`;
    }
    numbers.set(safe, number);
    taken.add(free);
    vendorNames.set(name, free);
    changed.set(free, name);
  }
  return { toVendor: (name) => vendorNames.get(name) ?? name, changed };
}

function toSafe(name: string, maxLength: number): string {
  return name.replace(REFUSED, '_').slice(0, maxLength);
}
