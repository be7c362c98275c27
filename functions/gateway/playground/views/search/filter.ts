/** One condition as it is written; what has no key yet counts for nothing. */
export interface Condition {
  readonly key: string;
  readonly type: FilterType;
  readonly value: string;
}

export type FilterType = 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte' | 'in' | 'nin' | 'contains' | 'exists';

export const FILTER_TYPES: readonly (readonly [FilterType, string])[] = [
  ['eq', 'is'],
  ['ne', 'is not'],
  ['gt', 'is above'],
  ['gte', 'is at least'],
  ['lt', 'is below'],
  ['lte', 'is at most'],
  ['in', 'is one of'],
  ['nin', 'is none of'],
  ['contains', 'contains'],
  ['exists', 'exists'],
];

type Scalar = string | number | boolean;
type Comparison = { readonly type: FilterType; readonly key: string; readonly value: Scalar | readonly Scalar[] };
export type Filter = Comparison | { readonly type: 'and'; readonly filters: readonly Comparison[] };

/** The service's filter; undefined when there is no condition. */
export function toFilter(conditions: readonly Condition[]): Filter | undefined {
  const filters = conditions.filter(({ key }) => key.trim() !== '').map(toComparison);
  const [only] = filters;
  return filters.length > 1 ? { type: 'and', filters } : only;
}

function toComparison({ key, type, value }: Condition): Comparison {
  const name = key.trim();
  if (type === 'exists') return { type, key: name, value: value.trim().toLowerCase() !== 'false' };
  if (type === 'in' || type === 'nin') return { type, key: name, value: value.split(',').map(toScalar) };
  return { type, key: name, value: toScalar(value) };
}

/** Numbers and truth values are what they look like; quotes make a text of them. */
function toScalar(text: string): Scalar {
  const trimmed = text.trim();
  if (/^".*"$/.test(trimmed)) return trimmed.slice(1, -1);
  if (trimmed === 'true' || trimmed === 'false') return trimmed === 'true';
  return trimmed !== '' && Number.isFinite(Number(trimmed)) ? Number(trimmed) : trimmed;
}
