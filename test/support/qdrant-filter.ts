/**
 * Qdrant's filters as its documentation describes them (https://qdrant.tech/documentation/concepts/filtering): values of
 * a path are taken one by one, a list for each of its elements; what a path does not lead to matches nothing; `match`
 * tells types apart and knows no fractions; `range` knows numbers alone; `must_not` is true of what is missing.
 */
export function matchesQdrantFilter(filter: Fields, payload: unknown): boolean {
  const [must, should, mustNot] = [filter.must, filter.should, filter.must_not].map(toList);
  return (
    (must ?? []).every((condition) => matches(condition, payload)) &&
    !(mustNot ?? []).some((condition) => matches(condition, payload)) &&
    (filter.should == null || (should ?? []).some((condition) => matches(condition, payload)))
  );
}

type Fields = Readonly<Record<string, unknown>>;

function matches(condition: Fields, payload: unknown): boolean {
  if (typeof condition.key !== 'string') return matchesQdrantFilter(condition, payload);
  const values = valuesAt(payload, parsePath(condition.key));
  const { match, range } = condition as { match?: Fields; range?: Fields };
  if (range !== undefined) return values.some((value) => typeof value === 'number' && isWithin(value, range));
  const wanted = match !== undefined && 'any' in match ? toAny(match.any) : [match?.value];
  return values.some((value) => wanted.some((one) => isSame(value, one)));
}

/** Whole numbers and fractions are different types to Qdrant, and a fraction is never matched. */
function isSame(value: unknown, wanted: unknown): boolean {
  return value === wanted && (typeof value !== 'number' || Number.isSafeInteger(value));
}

function isWithin(value: number, { lt, lte, gt, gte }: Fields): boolean {
  return (
    (typeof lt !== 'number' || value < lt) &&
    (typeof lte !== 'number' || value <= lte) &&
    (typeof gt !== 'number' || value > gt) &&
    (typeof gte !== 'number' || value >= gte)
  );
}

/** Names of letters, digits, "_" and "-", joined by dots. Quoted names and indexes are not used here. */
function parsePath(path: string): string[] {
  const names = path.split('.');
  if (names.every((name) => /^[\p{L}\p{N}_-]+$/u.test(name))) return names;
  throw new Error(`not a path: ${path}`);
}

function valuesAt(value: unknown, [name, ...rest]: readonly string[]): unknown[] {
  if (name === undefined) return Array.isArray(value) ? value : [value];
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) return [];
  return valuesAt((value as Fields)[name], rest);
}

function toList(conditions: unknown): readonly Fields[] {
  if (conditions === undefined || conditions === null) return [];
  return (Array.isArray(conditions) ? conditions : [conditions]) as Fields[];
}

function toAny(values: unknown): readonly unknown[] {
  return Array.isArray(values) ? values : [];
}
