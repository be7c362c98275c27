import { AppError } from '../../contracts/app-error.ts';
import type { Filter, FilterValue } from '../../contracts/filter.ts';
import type { Metadata } from '../../contracts/vector-store.ts';

/** Qdrant's filter language, as far as it is used here (https://qdrant.tech/documentation/concepts/filtering). */
export type QdrantCondition =
  | { readonly key: string; readonly match: { readonly value: string | boolean } }
  | { readonly key: string; readonly match: { readonly any: readonly string[] | readonly number[] } }
  | { readonly key: string; readonly range: Readonly<Partial<Record<RangeOperator, number>>> }
  | QdrantFilter;

export interface QdrantFilter {
  readonly must?: readonly QdrantCondition[];
  readonly should?: readonly QdrantCondition[];
  readonly must_not?: readonly QdrantCondition[];
}

type RangeOperator = 'gt' | 'gte' | 'lt' | 'lte';

/** Names that Qdrant's paths take without quotes. They do not begin with what begins the others. */
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

/** The parts of a payload that filters look at. */
export interface FilterFields {
  /** Keys that hold something, be it an empty list. */
  readonly present: readonly string[];
  readonly scalars: Readonly<Record<string, FilterValue>>;
  readonly lists: Readonly<Record<string, readonly FilterValue[]>>;
}

/**
 * Metadata in the form that filters can be exact about. Qdrant itself takes a list for each of its elements, an empty
 * list for a missing field, and some characters of a key for part of its path; so values and lists are kept apart, and
 * what is present is written down.
 */
export function toFilterFields(metadata: Metadata): FilterFields {
  const present: string[] = [];
  const scalars: Record<string, FilterValue> = {};
  const lists: Record<string, readonly FilterValue[]> = {};
  for (const [key, value] of Object.entries(metadata)) {
    if (value === null) continue;
    present.push(key);
    if (isList(value)) lists[toFieldName(key)] = value;
    else scalars[toFieldName(key)] = value;
  }
  return { present, scalars, lists };
}

/**
 * A metadata filter as a condition over `FilterFields`. Negations say that the field has to be present, because Qdrant's
 * `must_not` is true of points without it. Numbers are compared as ranges, since `match` knows whole numbers alone.
 * @throws AppError `unsupported` for an order of texts, which Qdrant does not have.
 */
export function toQdrantCondition(filter: Filter): QdrantCondition {
  if ('filters' in filter) {
    const parts = filter.filters.map(toQdrantCondition);
    return filter.type === 'and' ? { must: parts } : { should: parts };
  }
  const { type, key, value } = filter;
  const scalar = `scalars.${toFieldName(key)}`;
  const isPresent: QdrantCondition = { key: 'present', match: { value: key } };
  switch (type) {
    case 'eq':
      return equals(scalar, value);
    case 'ne':
      return { must: [isPresent], must_not: [equals(scalar, value)] };
    case 'in':
      return { should: equalsAny(scalar, value) };
    case 'nin':
      return { must: [isPresent], must_not: equalsAny(scalar, value) };
    case 'contains':
      return equals(`lists.${toFieldName(key)}`, value);
    case 'exists':
      return value ? isPresent : { must_not: [isPresent] };
    default:
      if (typeof value === 'string') {
        throw new AppError('unsupported', `Qdrant has no order of texts, so "${type}" takes a number.`, {
          param: 'filter',
        });
      }
      return { key: scalar, range: { [type]: value } };
  }
}

function equals(path: string, value: FilterValue): QdrantCondition {
  return typeof value === 'number' ? { key: path, range: { gte: value, lte: value } } : { key: path, match: { value } };
}

function equalsAny(path: string, values: readonly FilterValue[]): QdrantCondition[] {
  const texts = values.filter((value) => typeof value === 'string');
  const others = values.filter((value) => typeof value !== 'string');
  return [
    ...(texts.length === 0 ? [] : [{ key: path, match: { any: texts } }]),
    ...others.map((value) => equals(path, value)),
  ];
}

function toFieldName(key: string): string {
  return PLAIN_NAME.test(key) ? key : `_${Buffer.from(key).toString('hex')}`;
}

function isList(value: NonNullable<Metadata[string]>): value is readonly FilterValue[] {
  return Array.isArray(value);
}
