import type { Filter as FirestoreFilter } from '@google-cloud/firestore';
import { AppError } from '../../contracts/app-error.ts';
import type { Filter, FilterOperator } from '../../contracts/filter.ts';
import type { FirestoreSdk } from '../firestore-client.ts';

/** Limits of one query (https://firebase.google.com/docs/firestore/query-data/queries#query_limitations). */
const MAX_IN_VALUES = 30;
const MAX_NOT_IN_VALUES = 10;
const MAX_DISJUNCTIONS = 30;
/** Firestore counts to 100, and the tenant is one of them. */
const MAX_CONDITIONS = 99;
const MAX_INEQUALITY_FIELDS = 10;
/** Firestore's indexes hold longer texts cut off, so it compares with none of them. */
const MAX_TEXT_BYTES = 1_499;

export const FIRESTORE_FILTER_OPERATORS: ReadonlySet<FilterOperator> = new Set([
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

type Condition = Exclude<Filter, { filters: unknown }>;

/**
 * A filter over `metadata` as Firestore's own. Its operators ignore missing fields, and its inequalities ignore null,
 * which is what the filter language asks for.
 * @throws AppError `unsupported` for what one Firestore query cannot express.
 */
export function toFirestoreFilter(filter: Filter, sdk: FirestoreSdk): FirestoreFilter {
  checkFirestoreFilter(filter);
  return translate(filter, sdk);
}

/** The conditions of a filter, without `and` and `or`. */
export function listConditions(filter: Filter): Condition[] {
  return 'filters' in filter ? filter.filters.flatMap(listConditions) : [filter];
}

/** @throws AppError `unsupported` naming what Firestore cannot do. */
export function checkFirestoreFilter(filter: Filter): void {
  const conditions = listConditions(filter).map(simplify);
  if (conditions.length > MAX_CONDITIONS) throw unsupported(`test more than ${MAX_CONDITIONS} conditions`);
  for (const condition of conditions) {
    const { type, value } = condition;
    if (type === 'exists' && !value) throw unsupported('search for a field that does not exist ("exists": false)');
    if (type === 'in' && value.length > MAX_IN_VALUES)
      throw unsupported(`take more than ${MAX_IN_VALUES} values in "in"`);
    if (type === 'nin' && value.length > MAX_NOT_IN_VALUES) {
      throw unsupported(`take more than ${MAX_NOT_IN_VALUES} values in "nin"`);
    }
    if ([value].flat().some((one) => typeof one === 'string' && Buffer.byteLength(one) > MAX_TEXT_BYTES)) {
      throw unsupported(`compare with a text of more than ${MAX_TEXT_BYTES} bytes`);
    }
  }
  const unequal = new Set(conditions.filter(({ type }) => INEQUALITIES.has(type)).map(({ key }) => key));
  if (unequal.size > MAX_INEQUALITY_FIELDS) {
    throw unsupported(
      `test more than ${MAX_INEQUALITY_FIELDS} fields by something else than "eq", "in" and "contains"`,
    );
  }
  const negations = conditions.filter(({ type }) => type === 'ne' || type === 'nin' || type === 'exists');
  if (negations.length > 1) throw unsupported('combine two of "ne", "nin" and "exists" in one filter');
  const excludes = negations.some(({ type }) => type === 'nin');
  if (excludes && (hasAlternatives(filter) || conditions.some(({ type }) => type === 'in'))) {
    throw unsupported('combine "nin" with "or" or "in"');
  }
  const fields = alwaysTested(filter);
  const ordered = conditions.find(({ type, key }) => INEQUALITIES.has(type) && !fields.has(key));
  if (ordered !== undefined) {
    throw unsupported(`look for "${ordered.type}" of a field in one alternative of "or" and not in the others`);
  }
  if (countContains(filter).some((count) => count > 1)) {
    throw unsupported('combine two "contains" that must both hold');
  }
}

function translate(filter: Filter, sdk: FirestoreSdk): FirestoreFilter {
  const { Filter: Factory, FieldPath } = sdk;
  if ('filters' in filter) {
    const parts = filter.filters.map((part) => translate(part, sdk));
    return filter.type === 'and' ? Factory.and(...parts) : Factory.or(...parts);
  }
  const { type, key, value } = simplify(filter);
  const field = new FieldPath('metadata', key);
  return type === 'exists' ? Factory.where(field, '!=', null) : Factory.where(field, OPERATORS[type], value);
}

const OPERATORS = {
  eq: '==',
  ne: '!=',
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
  in: 'in',
  nin: 'not-in',
  contains: 'array-contains',
} as const satisfies Partial<Record<FilterOperator, FirebaseFirestore.WhereFilterOp>>;

/** A list of one value is a plain comparison, which Firestore combines more freely. */
function simplify(condition: Condition): Condition {
  const { key } = condition;
  if (condition.type !== 'in' && condition.type !== 'nin') return condition;
  const [only] = condition.value;
  if (only === undefined || condition.value.length !== 1) return condition;
  return { type: condition.type === 'in' ? 'eq' : 'ne', key, value: only };
}

/**
 * Firestore orders by every field of an inequality and so leaves out what lacks one of them, whichever alternative it is
 * that asks. Only where all of them ask for the field is nothing lost.
 */
const INEQUALITIES: ReadonlySet<FilterOperator> = new Set(['ne', 'gt', 'gte', 'lt', 'lte', 'nin', 'exists']);

/** The fields that whatever matches has to have. */
function alwaysTested(filter: Filter): ReadonlySet<string> {
  if (!('filters' in filter)) return new Set([filter.key]);
  const [first = new Set<string>(), ...others] = filter.filters.map(alwaysTested);
  if (filter.type === 'and') return new Set([...first, ...others.flatMap((fields) => [...fields])]);
  return new Set([...first].filter((key) => others.every((fields) => fields.has(key))));
}

function hasAlternatives(filter: Filter): boolean {
  if (!('filters' in filter)) return false;
  return (filter.type === 'or' && filter.filters.length > 1) || filter.filters.some(hasAlternatives);
}

/** How many `contains` each alternative holds once the filter is written as an "or" of "and"s. */
function countContains(filter: Filter): number[] {
  if ('filters' in filter) {
    if (filter.type === 'or') return bounded(filter.filters.flatMap(countContains));
    return filter.filters
      .map(countContains)
      .reduce((left, right) => bounded(left.flatMap((count) => right.map((other) => count + other))), [0]);
  }
  if (filter.type === 'in') return filter.value.map(() => 0);
  return [filter.type === 'contains' ? 1 : 0];
}

function bounded(alternatives: number[]): number[] {
  if (alternatives.length > MAX_DISJUNCTIONS) {
    throw unsupported(`try more than ${MAX_DISJUNCTIONS} combinations of "or" and "in" values`);
  }
  return alternatives;
}

function unsupported(what: string): AppError {
  return new AppError('unsupported', `The Firestore vector store cannot ${what}. Use a narrower filter.`, {
    param: 'filter',
  });
}
