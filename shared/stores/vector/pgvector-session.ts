import { refuseAborted, waitFor } from '../abort.ts';
import type { SqlConnection } from './pgvector-connection.ts';
import { fromSqlError, isMissingTable } from './pgvector-errors.ts';

export interface SqlSessionOptions {
  /** Longest wait for one operation, in milliseconds. */
  readonly timeoutMs: number;
  open(): Promise<SqlConnection>;
  /** Makes what is opened fit for use. */
  prepare(connection: SqlConnection): Promise<void>;
  dispose(connection: SqlConnection): Promise<void>;
}

export interface SqlSession {
  /** @throws AppError, translated from what the driver threw. */
  run<T>(operation: (connection: SqlConnection) => Promise<T>, signal: AbortSignal | undefined): Promise<T>;
  close(): Promise<void>;
}

/** Opens and prepares a connection on first use; a failure to do so is not remembered. */
export function createSqlSession({ timeoutMs, open, prepare, dispose }: SqlSessionOptions): SqlSession {
  let opening: Promise<SqlConnection> | undefined;

  const openPrepared = async (): Promise<SqlConnection> => {
    const connection = await open();
    try {
      await prepare(connection);
    } catch (error) {
      await dispose(connection).catch(() => undefined);
      throw error;
    }
    return connection;
  };
  const connect = (): Promise<SqlConnection> => {
    if (opening !== undefined) return opening;
    const made = openPrepared();
    opening = made;
    made.catch(() => {
      if (opening === made) opening = undefined;
    });
    return made;
  };
  const close = async (): Promise<void> => {
    const opened = await opening?.catch(() => undefined);
    opening = undefined;
    if (opened !== undefined) await dispose(opened);
  };

  return {
    async run(operation, signal) {
      try {
        // A statement that nobody waits for any more ends by itself: with its result, or when the server gives it up.
        return await waitFor(
          async () => {
            const connection = await connect();
            refuseAborted(signal);
            return await operation(connection);
          },
          { signal, timeoutMs },
        );
      } catch (error) {
        if (isMissingTable(error)) await close();
        throw fromSqlError(error, signal);
      }
    },
    close,
  };
}
