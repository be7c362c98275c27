import { AppError } from '../../contracts/app-error.ts';
import type { Filter } from '../../contracts/filter.ts';
import { HALF_CHARACTER, metadataKeyFault } from '../../contracts/metadata-rules.ts';

const MAX_DEPTH = 10;
const MAX_CONDITIONS = 100;
const OPERATORS = 'eq, ne, gt, gte, lt, lte, in, nin, contains, exists, and, or';

/** Refuses a filter that has no meaning, so that no store has to guess. @throws AppError `invalid_request`. */
export function checkFilter(filter: Filter, param = 'filter'): void {
  const conditions = checkNode(filter, param, 1);
  if (conditions > MAX_CONDITIONS) {
    throw invalid(`A filter holds at most ${MAX_CONDITIONS} conditions, this one has ${conditions}.`, param);
  }
}

function checkNode(filter: Filter, param: string, depth: number): number {
  if (typeof filter !== 'object' || filter === null) throw invalid('A filter is an object with a "type".', param);
  if (depth > MAX_DEPTH) throw invalid(`A filter nests at most ${MAX_DEPTH} levels deep.`, param);
  if (isGroup(filter)) {
    if (!Array.isArray(filter.filters) || filter.filters.length === 0) {
      throw invalid(`"${filter.type}" needs at least one filter in "filters".`, `${param}.filters`);
    }
    return filter.filters.reduce(
      (total, part, position) => total + checkNode(part, `${param}.filters[${position}]`, depth + 1),
      0,
    );
  }
  if ('filters' in filter) throw invalid(`"${filter.type}" takes no "filters".`, `${param}.filters`);
  const fault = metadataKeyFault(filter.key);
  if (fault !== undefined) throw invalid(`The filter key ${fault}.`, `${param}.key`);
  checkValue(filter, param);
  return 1;
}

function checkValue(filter: Exclude<Filter, { filters: unknown }>, param: string): void {
  const { type, value } = filter;
  if ([value].flat().some((one) => typeof one === 'string' && HALF_CHARACTER.test(one))) {
    throw invalid('A filter compares with well-formed text; this one holds half a character.', `${param}.value`);
  }
  switch (type) {
    case 'eq':
    case 'ne':
    case 'contains':
      if (!isScalar(value)) throw invalid(`"${type}" compares with a string, number or boolean.`, `${param}.value`);
      return;
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      if (!isScalar(value) || typeof value === 'boolean') {
        throw invalid(`"${type}" compares with a string or a number.`, `${param}.value`);
      }
      return;
    case 'in':
    case 'nin':
      if (!Array.isArray(value) || value.length === 0 || !value.every(isScalar)) {
        throw invalid(`"${type}" needs a list of at least one string, number or boolean.`, `${param}.value`);
      }
      return;
    case 'exists':
      if (typeof value !== 'boolean') throw invalid('"exists" is either true or false.', `${param}.value`);
      return;
    default:
      throw invalid(`Unknown filter type. Known types: ${OPERATORS}.`, `${param}.type`);
  }
}

/** By its type and not by its fields: what else a caller put into the object must not decide what it means. */
function isGroup(filter: Filter): filter is Extract<Filter, { filters: unknown }> {
  return filter.type === 'and' || filter.type === 'or';
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

function invalid(message: string, param: string): AppError {
  return new AppError('invalid_request', message, { param });
}
