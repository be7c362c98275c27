import { AppError } from '../../contracts/app-error.ts';
import type { Filter } from '../../contracts/filter.ts';

/** Values of a statement; `add` gives the placeholder of the value it takes. */
export interface SqlValues {
  readonly list: readonly unknown[];
  add(value: unknown): string;
}

export function createSqlValues(...first: readonly unknown[]): SqlValues {
  const list = [...first];
  return {
    list,
    add(value) {
      list.push(value);
      return `$${list.length}`;
    },
  };
}

const COMPARISONS = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

/**
 * A filter as an SQL condition over the column `metadata`. Keys and values travel as parameters. A missing field gives
 * SQL's NULL, which no condition takes for true, `and` and `or` included.
 *
 * `eq` and `contains` are written as containment, which the GIN index on `metadata` answers.
 * @throws AppError `unsupported` for a text with the character NUL, which PostgreSQL cannot hold.
 */
export function toSqlCondition(filter: Filter, values: SqlValues): string {
  if ('filters' in filter) {
    const parts = filter.filters.map((part) => toSqlCondition(part, values));
    return `(${parts.join(filter.type === 'and' ? ' AND ' : ' OR ')})`;
  }
  const { type, key, value } = filter;
  if (JSON.stringify([key, value]).includes('\\u0000')) {
    throw new AppError('unsupported', 'PostgreSQL holds no text with the character NUL, so none can be filtered by.', {
      param: 'filter',
    });
  }
  const json = (part: unknown): string => `${values.add(JSON.stringify(part))}::text::jsonb`;
  const field = (): string => `metadata -> ${values.add(key)}::text`;
  const isPresent = (): string => `jsonb_typeof(${field()}) <> 'null'`;
  switch (type) {
    case 'eq':
      return `metadata @> ${json({ [key]: value })}`;
    case 'contains':
      return `metadata @> ${json({ [key]: [value] })}`;
    case 'ne':
      return `(${isPresent()} AND ${field()} <> ${json(value)})`;
    case 'in':
      return `${field()} IN (SELECT jsonb_array_elements(${json(value)}))`;
    case 'nin':
      return `(${isPresent()} AND ${field()} NOT IN (SELECT jsonb_array_elements(${json(value)})))`;
    case 'exists':
      return value ? isPresent() : `coalesce(jsonb_typeof(${field()}), 'null') = 'null'`;
    default: {
      const comparison = COMPARISONS[type];
      if (typeof value === 'number') {
        const number = `${values.add(JSON.stringify(value))}::text::numeric`;
        return `CASE jsonb_typeof(${field()}) WHEN 'number' THEN (${field()})::numeric ${comparison} ${number} END`;
      }
      // By code point, whatever the collation of the database.
      const text = `(metadata ->> ${values.add(key)}::text) COLLATE "C" ${comparison} ${values.add(value)}::text`;
      return `CASE jsonb_typeof(${field()}) WHEN 'string' THEN ${text} END`;
    }
  }
}
