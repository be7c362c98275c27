import { AppError, type ErrorCode, toAppError } from '../../contracts/app-error.ts';
import { toNetworkError } from '../../security/network-error.ts';

interface Translation {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable?: boolean;
  readonly param?: string;
}

const CONNECTION = 'vectorstore.pgvector.connection_string';
const TABLE = 'vectorstore.pgvector.table';

const UNREACHABLE: Translation = { code: 'network', message: 'PostgreSQL ended the connection or took no more.' };
const NO_EXTENSION: Translation = {
  code: 'configuration',
  message:
    'The PostgreSQL server has no pgvector. Install it there (Debian: postgresql-VERSION-pgvector; managed databases ' +
    'offer it as the extension "vector"), and run "CREATE EXTENSION vector" in the database.',
};
const OTHER_TABLE: Translation = {
  code: 'configuration',
  message: 'The PostgreSQL table does not have the columns of a vector store. Name another table, or drop this one.',
  param: TABLE,
};
const NO_LOGIN: Translation = {
  code: 'authentication',
  message: 'PostgreSQL did not accept the user or password of the connection string.',
  param: CONNECTION,
};
const CONFLICT: Translation = { code: 'server_error', message: 'PostgreSQL gave up because of a concurrent write.' };

/** By SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html): the whole code, else its class. */
const TRANSLATIONS: Readonly<Record<string, Translation>> = {
  '08': UNREACHABLE,
  '57P': UNREACHABLE,
  '53300': UNREACHABLE,
  '53100': {
    code: 'quota_exceeded',
    message: 'The disk of the PostgreSQL server is full. Give it more room.',
    retryable: false,
  },
  '53': { code: 'server_error', message: 'PostgreSQL is out of memory or another resource.' },
  '57014': { code: 'timeout', message: 'PostgreSQL did not finish the statement in time.' },
  '55P03': CONFLICT,
  '40': CONFLICT,
  '28': NO_LOGIN,
  '3D000': {
    code: 'configuration',
    message: 'The database of the connection string does not exist. Create it, or correct the name.',
    param: CONNECTION,
  },
  '3F000': {
    code: 'configuration',
    message: 'The schema of the table does not exist. Run "CREATE SCHEMA" for it, or correct the name.',
    param: TABLE,
  },
  '42501': {
    code: 'configuration',
    message:
      'The PostgreSQL user lacks a right. To create the table it needs "GRANT CREATE, USAGE ON SCHEMA"; to use a table ' +
      'that exists, "GRANT SELECT, INSERT, UPDATE, DELETE" on it; the extension is created by an administrator with ' +
      '"CREATE EXTENSION vector".',
  },
  '25006': {
    code: 'configuration',
    message: 'The PostgreSQL server is read-only. Connect to the primary and not to a replica.',
    param: CONNECTION,
  },
  '0A000': NO_EXTENSION,
  '58P01': NO_EXTENSION,
  '42704': NO_EXTENSION,
  '42703': OTHER_TABLE,
  '42804': OTHER_TABLE,
  '428C9': OTHER_TABLE,
  '42P10': OTHER_TABLE,
  '22': { code: 'invalid_request', message: 'PostgreSQL cannot hold a value, such as a text with the character NUL.' },
  '54': { code: 'too_large', message: 'PostgreSQL cannot hold a value of this size. Use smaller chunks or metadata.' },
  '42P01': { code: 'server_error', message: 'The PostgreSQL table is gone; the next call creates it again.' },
};

/** What a driver threw, as AppError; its own text, which quotes data and names hosts, stays in `cause`. */
export function fromSqlError(error: unknown, signal?: AbortSignal): AppError {
  if (error instanceof AppError) return error;
  if (signal?.aborted) return toAppError(error, signal);
  const state = sqlState(error);
  if (state !== undefined) {
    const { code, message, retryable, param } = TRANSLATIONS[state] ??
      TRANSLATIONS[state.slice(0, 3)] ??
      TRANSLATIONS[state.slice(0, 2)] ?? {
        code: 'server_error',
        message: `PostgreSQL failed (${state}).`,
        retryable: false,
      };
    return new AppError(code, message, {
      cause: error,
      ...(retryable !== undefined && { retryable }),
      ...(param !== undefined && { param }),
    });
  }
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ERR_INVALID_URL' || code === 'ENOENT') {
    return new AppError(
      'configuration',
      'The connection string of PostgreSQL cannot be read, or names a file or socket that does not exist.',
      { param: CONNECTION, cause: error },
    );
  }
  if (error instanceof TypeError || error instanceof RangeError) return toAppError(error);
  return toNetworkError(error);
}

/** Whether the table is not there any more. */
export function isMissingTable(error: unknown): boolean {
  return sqlState(error) === '42P01';
}

/** The code the server gave; the system's own codes (`EPIPE`) look alike, but have no severity. */
function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('severity' in error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;
}
