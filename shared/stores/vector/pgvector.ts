import type { Distance } from '../../config/names.ts';
import { AppError } from '../../contracts/app-error.ts';
import type { ScoredChunk, StoreScope, VectorQuery, VectorStore } from '../../contracts/vector-store.ts';
import { refuseAborted } from '../abort.ts';
import { storeBatches, toBatches } from './batched-upsert.ts';
import {
  checkChunks,
  checkCollection,
  checkDimensions,
  checkId,
  checkQuery,
  checkScope,
  checkSelector,
  checkTextQuery,
  MAX_TOP_K,
} from './chunk-rules.ts';
import { ALL_FILTER_OPERATORS } from './filter.ts';
import { fromRow, loadVectorText, RESULT_COLUMNS, toUpsert } from './pgvector-chunk.ts';
import { openSql, type SqlConnection, type SqlRow } from './pgvector-connection.ts';
import { createSqlValues } from './pgvector-filter.ts';
import { prepareTable, quoteTable } from './pgvector-schema.ts';
import { toExactSearch, toIndexSearch, toScopeCondition, toTextSearch } from './pgvector-search.ts';
import { createSqlSession } from './pgvector-session.ts';
import { createScopeSizes, DEFAULT_EXACT_UP_TO } from './scope-sizes.ts';
import { byScoreThenId, reachesMinScore, toCosineScore } from './score.ts';

/** pgvector's limit for the type `vector` (https://github.com/pgvector/pgvector#reference). */
const MAX_DIMENSIONS = 16_000;
const BATCH_LIMITS = { maxChunks: 500, maxBytes: 8 * 1_048_576 };

export interface PgvectorVectorStoreOptions {
  readonly dimensions: number;
  /**
   * `postgresql://user:password@host:port/database`, with pg's parameters (`sslmode`, `host=/cloudsql/…` for a socket); in
   * development also `pglite://memory` and `pglite://DIRECTORY`. A function is asked on first use, and again after a failure.
   */
  readonly connectionString?: string | (() => Promise<string>);
  /** `table` or `schema.table`; created on first use. It holds all collections. Default `embeddings`. */
  readonly table?: string;
  /** Default `cosine`. Euclidean scores are 1 / (1 + distance). The table's index is made for the first one used. */
  readonly distance?: Distance;
  /**
   * Searches compare every chunk of a collection and tenant that holds at most so many; above that, the HNSW index
   * proposes candidates, which is faster and may miss a few. Default 20,000; infinity is always exact.
   */
  readonly exactUpTo?: number;
  /** Refuses `pglite://`. Default false. */
  readonly production?: boolean;
  /** Connections of this process. Default 4. */
  readonly maxConnections?: number;
  /** Longest wait for one operation, in milliseconds. Default 60,000. */
  readonly timeoutMs?: number;
  /** A connection made elsewhere. It is used as it is and stays open on `close`. */
  readonly connection?: SqlConnection;
  /** Milliseconds since the epoch, for the times of the chunks. */
  readonly now?: () => number;
}

/**
 * Vector search in PostgreSQL with pgvector 0.8 or later: one row per chunk, the whole filter language as SQL, and text
 * search by `ts_rank` over a `tsvector` with English stems.
 *
 * Vectors are stored in full precision and scored exactly. Only which rows are scored at all is left to the index, and
 * that only in a large scope (`exactUpTo`); where the index gives fewer rows than wanted, as it does under a narrow filter,
 * every row is compared after all. Above 2,000 dimensions the index is made over half-precision copies, above 4,000 there
 * is none. Zero vectors are not in the index.
 */
export function createPgvectorVectorStore({
  dimensions,
  connectionString,
  table: tableName = 'embeddings',
  distance = 'cosine',
  exactUpTo = DEFAULT_EXACT_UP_TO,
  production = false,
  maxConnections = 4,
  timeoutMs = 60_000,
  connection: given,
  now = Date.now,
}: PgvectorVectorStoreOptions): VectorStore {
  checkDimensions(dimensions, MAX_DIMENSIONS);
  const scores = distance === 'dot_product' ? 'unbounded' : 'unit';
  const rules = { dimensions, scores, singlePrecision: true } as const;
  const table = quoteTable(tableName);
  const searched = { table, dimensions, distance };
  const { run, close } = createSqlSession({
    timeoutMs,
    open: async () =>
      given ??
      (await openSql({
        connectionString: await readAddress(connectionString),
        maxConnections,
        statementTimeoutMs: timeoutMs,
        production,
      })),
    prepare: (connection) => prepareTable(connection, { table: tableName, dimensions, distance }),
    dispose: async (connection) => {
      if (given === undefined) await connection.close();
    },
  });

  const countUpTo = async ({ collection, tenant, signal }: StoreScope, atMost?: number): Promise<number> => {
    const values = createSqlValues();
    const rows = `SELECT 1 FROM ${table} WHERE ${toScopeCondition({ collection, tenant }, values)}`;
    const limit = atMost === undefined ? '' : ` LIMIT ${values.add(atMost + 1)}::integer`;
    const [row] = await run(
      ({ query }) => query(`SELECT count(*)::integer AS count FROM (${rows}${limit}) AS counted`, values.list),
      signal,
    );
    return Number(row?.count);
  };
  const isLarge = createScopeSizes({ limit: exactUpTo, count: countUpTo, now });

  const searchIndex = async (query: VectorQuery, vector: string): Promise<SqlRow[]> => {
    const hasDirection = query.vector.some((value) => value !== 0);
    const statement = hasDirection ? toIndexSearch(query, vector, searched) : undefined;
    if (statement === undefined) return [];
    return await run(
      ({ transaction }) =>
        transaction(async (session) => {
          for (const setting of statement.settings) await session(setting);
          return await session(statement.text, statement.values);
        }),
      query.signal,
    );
  };

  const toResults = async (rows: readonly SqlRow[], minScore?: number): Promise<ScoredChunk[]> => {
    const { fromSql } = await loadVectorText();
    return rows
      .map((row) => ({
        ...fromRow(row),
        score: distance === 'cosine' ? toCosineScore(Number(row.score)) : Number(row.score),
        ...(row.embedding !== undefined && { embedding: Float32Array.from(fromSql(row.embedding as string)) }),
      }))
      .filter(({ score }) => reachesMinScore(score, minScore))
      .sort(byScoreThenId);
  };

  return {
    id: 'pgvector',
    capabilities: { filters: ALL_FILTER_OPERATORS, maxDimensions: MAX_DIMENSIONS, maxTopK: MAX_TOP_K },

    async upsert(chunks, { collection, signal }) {
      refuseAborted(signal);
      checkCollection(collection);
      const accepted = checkChunks(chunks, rules);
      const time = new Date(now());
      const { toSql } = await loadVectorText();
      return await storeBatches(
        toBatches(accepted, BATCH_LIMITS),
        async (batch) => {
          const { text, values } = toUpsert(table, batch, { collection, time, toSql });
          await run(({ query }) => query(text, values), signal);
        },
        signal,
      );
    },

    async query(query) {
      refuseAborted(query.signal);
      checkQuery(query, rules);
      const { toSql } = await loadVectorText();
      const vector = toSql(Array.from(query.vector));
      const large = await isLarge(query);
      const proposed = large ? await searchIndex(query, vector) : [];
      if (large && proposed.length === query.topK) return await toResults(proposed, query.minScore);
      const { text, values } = toExactSearch(query, vector, searched);
      return await toResults(await run((connection) => connection.query(text, values), query.signal), query.minScore);
    },

    async searchText(query) {
      refuseAborted(query.signal);
      checkTextQuery(query);
      const { text, values } = toTextSearch(query, table);
      return await toResults(await run((connection) => connection.query(text, values), query.signal));
    },

    async delete(selector, scope) {
      refuseAborted(scope.signal);
      checkScope(scope);
      checkSelector(selector);
      const values = createSqlValues();
      const conditions = [
        toScopeCondition('filter' in selector ? { ...scope, filter: selector.filter } : scope, values),
        ...('ids' in selector ? [`id = ANY(${values.add(selector.ids)}::text[])`] : []),
        ...('documentId' in selector ? [`document_id = ${values.add(selector.documentId)}::text`] : []),
      ];
      const [row] = await run(
        ({ query }) =>
          query(
            `WITH gone AS (DELETE FROM ${table} WHERE ${conditions.join(' AND ')} RETURNING 1)
              SELECT count(*)::integer AS count FROM gone`,
            values.list,
          ),
        scope.signal,
      );
      return { deleted: Number(row?.count) };
    },

    async listDocument(documentId, scope) {
      refuseAborted(scope.signal);
      checkScope(scope);
      checkId(documentId, 'document_id');
      const values = createSqlValues();
      const conditions = [
        toScopeCondition({ collection: scope.collection, tenant: scope.tenant }, values),
        `document_id = ${values.add(documentId)}::text`,
        ...(scope.indexes === undefined ? [] : [`chunk_index = ANY(${values.add(scope.indexes)}::integer[])`]),
      ];
      const rows = await run(
        ({ query }) =>
          query(
            `SELECT ${RESULT_COLUMNS}, embedding FROM ${table} WHERE ${conditions.join(' AND ')}
              ORDER BY chunk_index, id`,
            values.list,
          ),
        scope.signal,
      );
      const { fromSql } = await loadVectorText();
      return rows.map((row) => ({
        ...fromRow(row),
        embedding: Float32Array.from(fromSql(row.embedding as string)),
      }));
    },

    async count(scope) {
      refuseAborted(scope.signal);
      checkScope(scope);
      return await countUpTo(scope);
    },

    async heldModel({ collection, signal }) {
      refuseAborted(signal);
      checkCollection(collection);
      const [row] = await run(
        ({ query }) =>
          query(
            `SELECT embedding_model FROM ${table} WHERE collection = $1::text ORDER BY collection, tenant, id LIMIT 1`,
            [collection],
          ),
        signal,
      );
      return row === undefined ? undefined : String(row.embedding_model);
    },

    async ready() {
      await run(({ query }) => query(`SELECT 1 FROM ${table} LIMIT 1`), undefined);
    },

    close,
  };
}

async function readAddress(address: PgvectorVectorStoreOptions['connectionString']): Promise<string> {
  const text = typeof address === 'function' ? await address() : address;
  if (text !== undefined) return text;
  throw new AppError('configuration', 'Set vectorstore.pgvector.connection_string to the address of a database.', {
    param: 'vectorstore.pgvector.connection_string',
  });
}
