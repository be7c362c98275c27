import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { VectorStore } from '../../shared/contracts/vector-store.ts';
import { createPgvectorVectorStore, type PgvectorVectorStoreOptions } from '../../shared/stores/vector/pgvector.ts';

export interface PgliteServer {
  /** The database itself, to look into; not to be used while a client holds a transaction. */
  readonly database: PGlite;
  readonly connectionString: string;
  /** Breaks all connections and listens no more. */
  stop(): Promise<void>;
  /** Listens again, on the same port. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface PgliteServerOptions {
  /** Whether pgvector is installed on the server. Default true. */
  readonly withVector?: boolean;
}

/**
 * PostgreSQL for tests: PGlite behind a socket, for the ordinary client. All connections share one session with its
 * transaction and its unnamed statement, so one statement at a time is all it can take.
 */
async function startPgliteServer({ withVector = true }: PgliteServerOptions = {}): Promise<PgliteServer> {
  const database = await PGlite.create(withVector ? { extensions: { vector } } : {});
  let port = 0;
  let server: PGLiteSocketServer;
  const listen = async (): Promise<void> => {
    server = new PGLiteSocketServer({ db: database, port, host: '127.0.0.1', maxConnections: 20 });
    await server.start();
    port = Number(server.getServerConn().split(':').at(-1));
  };
  await listen();
  return {
    database,
    get connectionString() {
      return `postgresql://postgres:postgres@127.0.0.1:${port}/postgres?sslmode=disable`;
    },
    stop: () => server.stop(),
    start: listen,
    async close() {
      await server.stop();
      await database.close();
    },
  };
}

export interface PgvectorStores extends Omit<PgliteServer, 'close'> {
  /** A store of three dimensions with one connection, closed after the test. */
  open(options?: Partial<PgvectorVectorStoreOptions>): VectorStore;
  freshTable(): string;
  closeStores(): Promise<void>;
  /** Leaves the stores of the test to themselves: closing them would wait for connections that never come to be. */
  abandonStores(): void;
}

/** One server for the tests of a suite. Settings a test makes in its session are gone after the test. */
export function usePgliteServer(options?: PgliteServerOptions): PgvectorStores {
  let started: PgliteServer | undefined;
  let tables = 0;
  const opened: VectorStore[] = [];
  const server = (): PgliteServer => {
    if (started === undefined) throw new Error('The server is started before the tests.');
    return started;
  };
  const closeStores = async (): Promise<void> => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  };

  beforeAll(async () => {
    started = await startPgliteServer(options);
  });
  afterEach(async () => {
    await closeStores();
    await server().database.exec('RESET ROLE; RESET ALL');
  });
  afterAll(async () => {
    await started?.close();
  });

  return {
    get database() {
      return server().database;
    },
    get connectionString() {
      return server().connectionString;
    },
    stop: () => server().stop(),
    start: () => server().start(),
    open(storeOptions) {
      const store = createPgvectorVectorStore({
        connectionString: server().connectionString,
        dimensions: 3,
        table: 'embeddings_3',
        maxConnections: 1,
        ...storeOptions,
      });
      opened.push(store);
      return store;
    },
    freshTable() {
      tables += 1;
      return `table_${tables}`;
    },
    closeStores,
    abandonStores: () => void opened.splice(0),
  };
}
