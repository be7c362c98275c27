import type { Distance } from '../../config/names.ts';
import type { StoreScope, TextQuery, VectorQuery } from '../../contracts/vector-store.ts';
import { RESULT_COLUMNS, toTenantColumn } from './pgvector-chunk.ts';
import { createSqlValues, type SqlValues, toSqlCondition } from './pgvector-filter.ts';
import { indexedExpression, type TableOptions, TEXT_LANGUAGE } from './pgvector-schema.ts';

/** As `TableOptions`, the name already in quotes. */
export type SearchTable = TableOptions;

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** pgvector's limit on the candidates that its index keeps while it searches. */
const MAX_CANDIDATES = 1_000;
const MIN_CANDIDATES = 100;

const OPERATORS = {
  cosine: '<=>',
  euclidean: '<->',
  dot_product: '<#>',
} as const satisfies Record<Distance, string>;

/** Scores of which higher is better; the cosine of a zero vector, which is no number, is 0. */
const SCORES = {
  cosine: (distance: string) => `coalesce(nullif(1 - (${distance}), 'NaN'::float8), 0)`,
  euclidean: (distance: string) => `1 / (1 + (${distance}))`,
  dot_product: (distance: string) => `-(${distance})`,
} as const satisfies Record<Distance, (distance: string) => string>;

/** The rows of a scope that match a filter. */
export function toScopeCondition(
  { collection, tenant, filter }: Pick<StoreScope, 'collection' | 'tenant'> & Pick<VectorQuery, 'filter'>,
  values: SqlValues,
): string {
  const conditions = [
    `collection = ${values.add(collection)}::text`,
    `tenant = ${values.add(toTenantColumn(tenant))}::text`,
    ...(filter === undefined ? [] : [toSqlCondition(filter, values)]),
  ];
  return conditions.join(' AND ');
}

/** Compares every row of the scope. Ordered by the score and not by the distance, which keeps the index out of it. */
export function toExactSearch(query: VectorQuery, vector: string, { table, distance }: SearchTable): Statement {
  const values = createSqlValues();
  const score = SCORES[distance](`embedding ${OPERATORS[distance]} ${values.add(vector)}::text::vector`);
  const condition = toScopeCondition(query, values);
  return {
    text: `SELECT ${columnsOf(query)}, ${score} AS score FROM ${table} WHERE ${condition}
      ORDER BY score DESC, id LIMIT ${values.add(query.topK)}::integer`,
    values: values.list,
  };
}

/**
 * Lets the index propose twice as many rows as wanted, and scores these exactly. Undefined when there is no index for
 * so many dimensions. May find fewer rows than there are: `settings` bound how long the index looks for rows that match.
 */
export function toIndexSearch(
  query: VectorQuery,
  vector: string,
  { table, distance, dimensions }: SearchTable,
): (Statement & { readonly settings: readonly string[] }) | undefined {
  const indexed = indexedExpression(dimensions);
  if (indexed === undefined) return undefined;
  const candidates = Math.min(MAX_CANDIDATES, Math.max(MIN_CANDIDATES, 2 * query.topK));
  const values = createSqlValues();
  const wanted = `${values.add(vector)}::text::vector`;
  const cast = indexed.type === 'halfvec' ? `::halfvec(${dimensions})` : '';
  const condition = toScopeCondition(query, values);
  return {
    settings: ['SET LOCAL hnsw.iterative_scan = relaxed_order', `SET LOCAL hnsw.ef_search = ${candidates}`],
    text: `WITH proposed AS MATERIALIZED (
        SELECT ${RESULT_COLUMNS}, embedding FROM ${table} WHERE ${condition}
        ORDER BY ${indexed.expression} ${OPERATORS[distance]} ${wanted}${cast} LIMIT ${candidates}
      )
      SELECT ${columnsOf(query)}, ${SCORES[distance](`embedding ${OPERATORS[distance]} ${wanted}`)} AS score FROM proposed
      ORDER BY score DESC, id LIMIT ${values.add(query.topK)}::integer`,
    values: values.list,
  };
}

/**
 * Rows that hold at least one of the words, best first. `ts_rank` counts words and weighs the length of the text; it
 * knows nothing of how rare a word is, so it ranks worse than BM25 does.
 */
export function toTextSearch(query: TextQuery, table: string): Statement {
  const values = createSqlValues();
  const text = values.add(query.text);
  const condition = toScopeCondition(query, values);
  return {
    text: `WITH asked AS (
        SELECT string_agg('''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''', ' | ')::tsquery AS terms
        FROM unnest(to_tsvector('${TEXT_LANGUAGE}', ${text}::text))
      )
      SELECT ${columnsOf(query)}, ts_rank(content_terms, asked.terms, 1)::float8 AS score FROM ${table}, asked
      WHERE ${condition} AND content_terms @@ asked.terms
      ORDER BY score DESC, id LIMIT ${values.add(query.topK)}::integer`,
    values: values.list,
  };
}

function columnsOf({ withEmbeddings }: Pick<VectorQuery, 'withEmbeddings'>): string {
  return withEmbeddings ? `${RESULT_COLUMNS}, embedding` : RESULT_COLUMNS;
}
