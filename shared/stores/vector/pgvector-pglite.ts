import { mkdir } from 'node:fs/promises';
import { AppError } from '../../contracts/app-error.ts';
import type { SqlConnection, SqlQuery, SqlRow } from './pgvector-connection.ts';

/**
 * PostgreSQL with pgvector inside this process, by way of PGlite: for development without a server. It takes seconds to
 * start and some 500 MB of memory, and a directory belongs to one process at a time.
 *
 * @param place `memory`, or the directory that keeps the data; it is made when it does not exist.
 */
export async function openPglite(place: string): Promise<SqlConnection> {
  if (place === '') {
    throw new AppError('configuration', 'Write pglite://memory, or pglite:// with a directory after it.', {
      param: 'vectorstore.pgvector.connection_string',
    });
  }
  const [{ PGlite }, { vector }] = await Promise.all([
    import('@electric-sql/pglite'),
    import('@electric-sql/pglite-pgvector'),
  ]).catch((cause: unknown) => {
    throw new AppError('configuration', 'PGlite is not part of this build; name a PostgreSQL server instead.', {
      cause,
    });
  });
  if (place !== 'memory') await mkdir(place, { recursive: true });
  const database = await PGlite.create({ extensions: { vector }, ...(place !== 'memory' && { dataDir: place }) });

  const queryWith =
    (session: Pick<typeof database, 'query'>): SqlQuery =>
    async (text, values) =>
      (await session.query<SqlRow>(text, values as unknown[] | undefined)).rows;

  return {
    query: queryWith(database),
    transaction: (work) => database.transaction((session) => work(queryWith(session))),
    close: () => database.close(),
  };
}
