import { describe, expect, it } from 'vitest';
import { filterSchema } from '../../../../shared/http/schemas/filter-schema.ts';

const leaf = { type: 'eq', key: 'a', value: 1 };
const nest = (levels: number): unknown => (levels === 0 ? leaf : { type: 'and', filters: [nest(levels - 1)] });
const accepts = (filter: unknown): boolean => filterSchema.safeParse(filter).success;

describe('a metadata filter', () => {
  it.each([
    { type: 'eq', key: 'category', value: 'news' },
    { type: 'ne', key: 'category', value: true },
    { type: 'contains', key: 'tags', value: 'x' },
    { type: 'gt', key: 'year', value: 2000 },
    { type: 'lte', key: 'date', value: '2027-01-01' },
    { type: 'in', key: 'a', value: ['x', 1, false] },
    { type: 'nin', key: 'a', value: [1] },
    { type: 'exists', key: 'a', value: false },
    { type: 'or', filters: [leaf, { type: 'and', filters: [leaf, leaf] }] },
  ])('is accepted: %j', (filter) => {
    expect(filterSchema.parse(filter)).toEqual(filter);
  });

  it.each([
    { type: 'like', key: 'a', value: 'x' },
    { type: 'eq', key: 'a' },
    { type: 'eq', key: '', value: 1 },
    { type: 'eq', key: 'a', value: null },
    { type: 'eq', key: 'a', value: [1] },
    { type: 'gt', key: 'a', value: true },
    { type: 'in', key: 'a', value: [] },
    { type: 'in', key: 'a', value: Array.from({ length: 101 }, (_, index) => index) },
    { type: 'exists', key: 'a', value: 'yes' },
    { type: 'and', filters: [] },
    { type: 'and', filters: [leaf], key: 'a' },
    { type: 'and', filters: [{ type: 'or' }] },
    { ...leaf, extra: 1 },
    { key: 'a', value: 1 },
    null,
    'a = 1',
  ])('is refused and never narrowed to what is known of it: %j', (filter) => {
    expect(accepts(filter)).toBe(false);
  });

  it('may be nested eight levels deep and no deeper', () => {
    expect(accepts(nest(8))).toBe(true);
    expect(accepts(nest(9))).toBe(false);
    expect(accepts(nest(150))).toBe(false);
  });
});
