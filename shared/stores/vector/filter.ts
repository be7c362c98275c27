import type { Filter, FilterOperator, FilterValue } from '../../contracts/filter.ts';
import type { Metadata } from '../../contracts/vector-store.ts';
import { compareText } from '../../text/text-order.ts';

/** What this evaluator understands: the whole filter language. */
export const ALL_FILTER_OPERATORS: ReadonlySet<FilterOperator> = new Set([
  'eq',
  'ne',
  'gt',
  'gte',
  'lt',
  'lte',
  'in',
  'nin',
  'contains',
  'exists',
  'and',
  'or',
]);

type Predicate = (metadata: Metadata) => boolean;
type Value = Metadata[string];

/**
 * A filter as a function, for use over many records. A field that is missing or null never matches, whatever the
 * operator (`exists: false` excepted, which asks for just that). Values of different types are different, and are
 * neither less nor greater than each other.
 */
export function compileFilter(filter: Filter): Predicate {
  if ('filters' in filter) {
    const parts = filter.filters.map(compileFilter);
    return filter.type === 'and'
      ? (metadata) => parts.every((part) => part(metadata))
      : (metadata) => parts.some((part) => part(metadata));
  }
  const { key } = filter;
  if (filter.type === 'exists') {
    return (metadata) => (readField(metadata, key) !== undefined) === filter.value;
  }
  const test = compileTest(filter);
  return (metadata) => {
    const value = readField(metadata, key);
    return value !== undefined && test(value);
  };
}

/** Whether one record matches; `compileFilter` is the faster way for many. */
export function matchesFilter(metadata: Metadata, filter: Filter): boolean {
  return compileFilter(filter)(metadata);
}

function compileTest(
  filter: Exclude<Filter, { filters: unknown } | { type: 'exists' }>,
): (value: NonNullable<Value>) => boolean {
  const wanted = filter.value;
  switch (filter.type) {
    case 'eq':
      return (value) => value === wanted;
    case 'ne':
      return (value) => value !== wanted;
    case 'gt':
      return (value) => compare(value, wanted) > 0;
    case 'gte':
      return (value) => compare(value, wanted) >= 0;
    case 'lt':
      return (value) => compare(value, wanted) < 0;
    case 'lte':
      return (value) => compare(value, wanted) <= 0;
    case 'in': {
      const values = new Set<unknown>(filter.value);
      return (value) => values.has(value);
    }
    case 'nin': {
      const values = new Set<unknown>(filter.value);
      return (value) => !values.has(value);
    }
    case 'contains':
      return (value) => Array.isArray(value) && value.includes(wanted as FilterValue);
  }
}

/** The value of an own field, undefined when it is missing or null. */
function readField(metadata: Metadata, key: string): NonNullable<Value> | undefined {
  return Object.hasOwn(metadata, key) ? (metadata[key] ?? undefined) : undefined;
}

/** NaN, which fails every comparison, when the two are not of one ordered type. */
function compare(left: unknown, right: unknown): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right);
  return Number.NaN;
}
