import type { Distance } from '../../config/names.ts';
import { AppError } from '../../contracts/app-error.ts';
import type { SqlConnection, SqlQuery } from './pgvector-connection.ts';

/** Iterative index scans, which filters need, came with this version. */
const MIN_EXTENSION = [0, 8] as const;
/** pgvector indexes `vector` up to here, and its half-precision form up to there. */
const MAX_INDEXED = 2_000;
const MAX_HALF_INDEXED = 4_000;
/** Held while the table is created, so that two instances that start at once do not both create it. */
const MIGRATION_LOCK = 7_305_804_402_182_193;
/** A `tsvector` holds 1 MB, and a character takes up to four bytes. */
const MAX_SEARCHED_CHARACTERS = 250_000;
export const TEXT_LANGUAGE = 'english';

const OPERATOR_CLASSES = {
  cosine: 'cosine_ops',
  euclidean: 'l2_ops',
  dot_product: 'ip_ops',
} as const satisfies Record<Distance, string>;

export interface TableOptions {
  /** `table` or `schema.table`. */
  readonly table: string;
  readonly dimensions: number;
  readonly distance: Distance;
}

/** The name in quotes: it keeps its case, and is a name whatever it says. */
export function quoteTable(table: string): string {
  return table
    .split('.')
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join('.');
}

/** What the approximate index is made over; undefined when pgvector has no index for so many dimensions. */
export function indexedExpression(dimensions: number): { expression: string; type: string } | undefined {
  if (dimensions <= MAX_INDEXED) return { expression: 'embedding', type: 'vector' };
  if (dimensions <= MAX_HALF_INDEXED) return { expression: `(embedding::halfvec(${dimensions}))`, type: 'halfvec' };
  return undefined;
}

/**
 * Makes sure that the table is there and fits, and creates it with its indexes and the extension when it is not. A user
 * without the right to create anything may use a table that an administrator has created.
 *
 * @throws AppError `configuration` when the table holds other vectors or is another kind of table.
 */
export async function prepareTable({ query, transaction }: SqlConnection, options: TableOptions): Promise<void> {
  if (await checkTable(query, options)) return;
  await transaction(async (session) => {
    await session('SELECT pg_advisory_xact_lock($1::bigint)', [MIGRATION_LOCK]);
    if (await checkTable(session, options)) return;
    await session('CREATE EXTENSION IF NOT EXISTS vector');
    for (const statement of statementsFor(options)) await session(statement);
    await checkExtension(session);
  });
}

/** False when there is no such table. */
async function checkTable(query: SqlQuery, { table, dimensions }: TableOptions): Promise<boolean> {
  const columns = await query(
    `SELECT attname::text AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
      WHERE attrelid = to_regclass($1::text) AND attnum > 0 AND NOT attisdropped`,
    [quoteTable(table)],
  );
  if (columns.length === 0) return false;
  const types = new Map(columns.map(({ name, type }) => [String(name), String(type)]));
  const missing = COLUMN_NAMES.filter((name) => !types.has(name));
  if (missing.length > 0) {
    throw wrongTable(
      `The PostgreSQL table "${table}" exists and is not a vector store: it lacks ${missing.join(', ')}.`,
    );
  }
  // An extension outside the search path puts its schema before the type.
  const stored = /(?:^|\.)vector\((\d+)\)$/.exec(types.get('embedding') ?? '')?.[1];
  if (Number(stored) !== dimensions) {
    throw wrongTable(
      `The PostgreSQL table "${table}" holds vectors of ${stored ?? 'unknown'} dimensions, but ${dimensions} are ` +
        'configured.',
    );
  }
  await checkExtension(query);
  return true;
}

async function checkExtension(query: SqlQuery): Promise<void> {
  const [extension] = await query(`SELECT extversion AS version FROM pg_extension WHERE extname = 'vector'`);
  const version = String(extension?.version ?? '0');
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [minMajor, minMinor] = MIN_EXTENSION;
  if (major > minMajor || (major === minMajor && minor >= minMinor)) return;
  throw new AppError(
    'configuration',
    `The database has pgvector ${version}, and ${MIN_EXTENSION.join('.')} or later is needed. ` +
      'Update it on the server, then run "ALTER EXTENSION vector UPDATE".',
  );
}

function statementsFor({ table, dimensions, distance }: TableOptions): string[] {
  const name = quoteTable(table);
  const indexed = indexedExpression(dimensions);
  return [
    // Text is ordered by code point, as on every store. The empty tenant is the data that belongs to no tenant.
    `CREATE TABLE ${name} (
      collection text COLLATE "C" NOT NULL,
      tenant text COLLATE "C" NOT NULL,
      id text COLLATE "C" NOT NULL,
      document_id text COLLATE "C" NOT NULL,
      chunk_index integer NOT NULL,
      content text NOT NULL,
      content_hash text NOT NULL,
      embedding vector(${dimensions}) NOT NULL,
      embedding_model text NOT NULL,
      metadata jsonb NOT NULL,
      created_at timestamptz NOT NULL,
      updated_at timestamptz NOT NULL,
      content_terms tsvector GENERATED ALWAYS AS
        (to_tsvector('${TEXT_LANGUAGE}', left(content, ${MAX_SEARCHED_CHARACTERS}))) STORED,
      PRIMARY KEY (collection, tenant, id)
    )`,
    `CREATE INDEX ON ${name} (collection, tenant, document_id)`,
    `CREATE INDEX ON ${name} USING gin (metadata jsonb_path_ops)`,
    `CREATE INDEX ON ${name} USING gin (content_terms)`,
    ...(indexed === undefined
      ? []
      : [`CREATE INDEX ON ${name} USING hnsw (${indexed.expression} ${indexed.type}_${OPERATOR_CLASSES[distance]})`]),
  ];
}

const COLUMN_NAMES = [
  'collection',
  'tenant',
  'id',
  'document_id',
  'chunk_index',
  'content',
  'content_hash',
  'embedding',
  'embedding_model',
  'metadata',
  'created_at',
  'updated_at',
  'content_terms',
] as const;

function wrongTable(fault: string): AppError {
  return new AppError('configuration', `${fault} Name another table in vectorstore.pgvector.table, or drop this one.`, {
    param: 'vectorstore.pgvector.table',
  });
}
