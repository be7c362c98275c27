import { describe, expect, it } from 'vitest';
import type { Filter } from '../../../../shared/contracts/filter.ts';
import { checkFirestoreFilter } from '../../../../shared/stores/vector/firestore-filter.ts';

const eq = (value: number): Filter => ({ type: 'eq', key: 'a', value });
const anyOf = (count: number, type: 'in' | 'nin' = 'in'): Filter => ({
  type,
  key: 'a',
  value: Array.from({ length: count }, (_, value) => value),
});
const and = (...filters: Filter[]): Filter => ({ type: 'and', filters });
const or = (...filters: Filter[]): Filter => ({ type: 'or', filters });
const contains = (value: string): Filter => ({ type: 'contains', key: 'tags', value });
const above = (key: string): Filter => ({ type: 'gt', key, value: 1 });
const present: Filter = { type: 'exists', key: 'a', value: true };
const refusalOf = (filter: Filter): string | undefined => {
  try {
    checkFirestoreFilter(filter);
    return undefined;
  } catch (error) {
    expect(error).toMatchObject({ name: 'AppError', code: 'unsupported', param: 'filter' });
    return (error as Error).message;
  }
};

describe('filters that one Firestore query can run', () => {
  it.each<[string, Filter]>([
    ['30 values in "in"', anyOf(30)],
    ['10 values in "nin"', anyOf(10, 'nin')],
    ['30 alternatives', or(...Array.from({ length: 30 }, (_, value) => eq(value)))],
    ['30 combinations', and(anyOf(5), anyOf(6))],
    ['one negation beside "or"', and(or(eq(1), eq(2)), { type: 'ne', key: 'b', value: 1 })],
    ['"nin" of one value beside "in", which is "ne"', and(anyOf(1, 'nin'), anyOf(3))],
    ['one "contains" per alternative', or(contains('x'), contains('y'))],
    ['a range in each alternative', or(above('b'), and(eq(1), above('b')))],
    ['a range beside alternatives', and(above('b'), or(eq(1), eq(2)))],
    ['99 conditions', and(...Array.from({ length: 99 }, (_, value) => eq(value)))],
    ['ranges of 10 fields', and(...Array.from({ length: 10 }, (_, field) => above(`f${field}`)))],
    ['a text of 1,499 bytes', { type: 'eq', key: 'a', value: `${'文'.repeat(499)}xx` }],
    ['"contains" beside alternatives', and(contains('x'), or(eq(1), eq(2)))],
  ])('have %s', (_title, filter) => {
    expect(refusalOf(filter)).toBeUndefined();
  });

  it.each<[string, Filter, RegExp]>([
    ['31 values in "in"', anyOf(31), /30 values/],
    ['11 values in "nin"', anyOf(11, 'nin'), /10 values/],
    ['31 alternatives', or(...Array.from({ length: 31 }, (_, value) => eq(value))), /30 combinations/],
    ['36 combinations', and(anyOf(6), anyOf(6)), /30 combinations/],
    ['combinations without end', and(...Array.from({ length: 50 }, () => anyOf(30))), /30 combinations/],
    ['two negations', and({ type: 'ne', key: 'b', value: 1 }, anyOf(2, 'nin')), /"ne", "nin"/],
    ['a negation and "exists"', and(present, { type: 'ne', key: 'b', value: 1 }), /"exists"/],
    ['"nin" inside "or"', or(anyOf(2, 'nin'), eq(1)), /"nin" with "or"/],
    ['"nin" beside "in"', and(anyOf(2, 'nin'), anyOf(2)), /"nin" with "or"/],
    ['two "contains" at once', and(contains('x'), or(eq(1), contains('y'))), /"contains"/],
    // Firestore passes over what has no `b`, though it has the right `a`.
    ['a range in one alternative', or(eq(1), above('b')), /"gt" of a field in one alternative/],
    ['ranges of two fields to choose from', or(above('a'), above('b')), /"gt" of a field in one alternative/],
    ['"ne" in one alternative', or(eq(1), { type: 'ne', key: 'b', value: 1 }), /"ne" of a field in one alternative/],
    ['"exists" in one alternative', or(and(eq(1), eq(2)), { ...present, key: 'b' }), /"exists" of a field in one/],
    ['100 conditions', and(...Array.from({ length: 100 }, (_, value) => eq(value))), /99 conditions/],
    ['ranges of 11 fields', and(...Array.from({ length: 11 }, (_, field) => above(`f${field}`))), /10 fields/],
    ['a text of 1,500 bytes', { type: 'lt', key: 'a', value: '文'.repeat(500) }, /1499 bytes/],
    ['such a text in a list', { type: 'nin', key: 'a', value: ['x', 'x'.repeat(1_500)] }, /1499 bytes/],
    ['fields that are missing', { type: 'exists', key: 'a', value: false }, /does not exist/],
  ])('do not have %s', (_title, filter, reason) => {
    expect(refusalOf(filter)).toMatch(reason);
  });
});
