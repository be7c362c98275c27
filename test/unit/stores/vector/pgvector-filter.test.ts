import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Filter } from '../../../../shared/contracts/filter.ts';
import { createSqlValues, toSqlCondition } from '../../../../shared/stores/vector/pgvector-filter.ts';

const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0'));
const value = fc.oneof(text, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean());
const condition = fc.oneof(
  fc.record({ type: fc.constantFrom('eq', 'ne', 'contains'), key: text, value }),
  fc.record({ type: fc.constantFrom('gt', 'gte', 'lt', 'lte'), key: text, value: fc.oneof(text, fc.integer()) }),
  fc.record({ type: fc.constantFrom('in', 'nin'), key: text, value: fc.array(value, { minLength: 1 }) }),
  fc.record({ type: fc.constant('exists'), key: text, value: fc.boolean() }),
);

describe('a filter as SQL', () => {
  it('has one text for every key and value, which travel beside it', () => {
    const plain = (filter: Filter): string => toSqlCondition(filter, createSqlValues());
    fc.assert(
      fc.property(condition, (drawn) => {
        const filter = drawn as Filter;
        const like = {
          ...filter,
          key: 'k',
          ...(typeof drawn.value === 'string' && { value: 'v' }),
          ...(typeof drawn.value === 'number' && { value: 1 }),
          ...(Array.isArray(drawn.value) && { value: ['v'] }),
        } as Filter;
        expect(plain(filter)).toBe(plain(like));
      }),
    );
  });

  it('numbers its values after those that are there, each with its own number', () => {
    const values = createSqlValues('first');
    const sql = toSqlCondition(
      {
        type: 'or',
        filters: [
          { type: 'eq', key: 'a', value: 'x' },
          { type: 'and', filters: [{ type: 'exists', key: 'b', value: true }] },
        ],
      },
      values,
    );
    expect(sql).toBe("(metadata @> $2::text::jsonb OR (jsonb_typeof(metadata -> $3::text) <> 'null'))");
    expect(values.list).toEqual(['first', '{"a":"x"}', 'b']);
  });

  it.each([
    { type: 'eq', key: 'a\0', value: 1 },
    { type: 'gt', key: 'a', value: 'x\0' },
    { type: 'in', key: 'a', value: ['x', '\0'] },
  ] as const)('refuses the character NUL in %j', (filter) => {
    expect(() => toSqlCondition(filter, createSqlValues())).toThrowError(
      expect.objectContaining({ code: 'unsupported', param: 'filter' }),
    );
  });
});
