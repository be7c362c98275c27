import { describe, expect, it } from 'vitest';
import type { Filter } from '../../../../shared/contracts/filter.ts';
import { ALL_FILTER_OPERATORS, matchesFilter } from '../../../../shared/stores/vector/filter.ts';

describe('matching one record', () => {
  const conditions: readonly Filter[] = [
    { type: 'eq', key: 'a', value: 1 },
    { type: 'ne', key: 'a', value: 2 },
    { type: 'gt', key: 'a', value: 0 },
    { type: 'gte', key: 'a', value: 1 },
    { type: 'lt', key: 'a', value: 2 },
    { type: 'lte', key: 'a', value: 1 },
    { type: 'in', key: 'a', value: [1, 2] },
    { type: 'nin', key: 'a', value: [2, 3] },
    { type: 'exists', key: 'a', value: true },
  ];

  it.each(conditions)('$type holds for a value that fits, and never for a missing or null field', (filter) => {
    expect(matchesFilter({ a: 1 }, filter)).toBe(true);
    expect(matchesFilter({ b: 1 }, filter)).toBe(false);
    expect(matchesFilter({ a: null }, filter)).toBe(false);
  });

  it('never reads what a record inherits', () => {
    expect(matchesFilter({}, { type: 'exists', key: 'toString', value: true })).toBe(false);
    expect(matchesFilter({}, { type: 'ne', key: 'constructor', value: 'x' })).toBe(false);
  });

  it('orders text by code point', () => {
    expect(matchesFilter({ a: '🙂' }, { type: 'gt', key: 'a', value: '\uffff' })).toBe(true);
  });

  it('knows every operator', () => {
    expect(ALL_FILTER_OPERATORS.size).toBe(12);
  });
});
