import type { PoolClient } from 'pg';
import { AppError } from '../../contracts/app-error.ts';

export type SqlRow = Readonly<Record<string, unknown>>;
export type SqlQuery = (text: string, values?: readonly unknown[]) => Promise<SqlRow[]>;

/** What the store needs of PostgreSQL, wherever it runs. Failures are the driver's own. */
export interface SqlConnection {
  readonly query: SqlQuery;
  /** Statements on one session, all or nothing. Statements awaited inside may use nothing but the given `query`. */
  transaction<T>(work: (query: SqlQuery) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface SqlPoolOptions {
  readonly connectionString: string;
  readonly maxConnections: number;
  /** After so long the server gives a statement up, whether somebody still waits for it or not. */
  readonly statementTimeoutMs: number;
}

const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 30_000;

const PGLITE = /^pglite:\/\//;

/** @throws AppError `configuration` for an address that is neither PostgreSQL's nor PGlite's. */
export async function openSql(options: SqlPoolOptions & { readonly production: boolean }): Promise<SqlConnection> {
  const { connectionString, production } = options;
  if (PGLITE.test(connectionString)) {
    if (production) {
      throw invalidAddress('PGlite lives in one process and is for development; name a PostgreSQL server instead.');
    }
    const { openPglite } = await import('./pgvector-pglite.ts');
    return await openPglite(connectionString.replace(PGLITE, ''));
  }
  if (!/^postgres(?:ql)?:\/\//.test(connectionString)) {
    throw invalidAddress(
      'Set it to the address of a database, such as postgresql://user:password@host:5432/database?sslmode=verify-full.',
    );
  }
  return await openPool(options);
}

async function openPool({
  connectionString,
  maxConnections,
  statementTimeoutMs,
}: SqlPoolOptions): Promise<SqlConnection> {
  // A CommonJS package: once bundled, only its default export is sure to be there.
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({
    connectionString,
    max: maxConnections,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    keepAlive: true,
    application_name: 'sluice',
    // As a statement and not as a parameter of the connection, which poolers such as PgBouncer refuse.
    onConnect: async (client) => {
      await client.query(`SET statement_timeout = ${Math.ceil(statementTimeoutMs)}`);
    },
  });
  // Without a listener, an idle connection that breaks ends the process. The pool has dropped it by then.
  pool.on('error', ignore);

  const queryWith =
    (client: PoolClient): SqlQuery =>
    async (text, values) =>
      (await client.query<SqlRow>(text, values as unknown[] | undefined)).rows;

  return {
    async query(text, values) {
      return (await pool.query<SqlRow>(text, values as unknown[] | undefined)).rows;
    },
    async transaction(work) {
      const client = await pool.connect();
      client.on('error', ignore);
      let broken: Error | undefined;
      try {
        await client.query('BEGIN');
        const result = await work(queryWith(client));
        await client.query('COMMIT');
        return result;
      } catch (error) {
        await client.query('ROLLBACK').catch((failure: Error) => {
          broken = failure;
        });
        throw error;
      } finally {
        client.removeListener('error', ignore);
        client.release(broken);
      }
    },
    close: () => pool.end(),
  };
}

function ignore(): void {}

function invalidAddress(cure: string): AppError {
  return new AppError('configuration', `vectorstore.pgvector.connection_string cannot be used. ${cure}`, {
    param: 'vectorstore.pgvector.connection_string',
  });
}
