import { AppError, type ErrorCode } from '../contracts/app-error.ts';
import { GRPC, grpcStatus } from '../resilience/grpc-status.ts';
import { waitFor } from './abort.ts';

interface Translation {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable?: boolean;
}

const TRANSLATIONS: Readonly<Record<number, Translation>> = {
  [GRPC.cancelled]: { code: 'network', message: 'The call to Firestore was cut off.' },
  [GRPC.unknown]: { code: 'server_error', message: 'Firestore failed without saying why.' },
  [GRPC.invalidArgument]: { code: 'invalid_request', message: 'Firestore refused the request as invalid.' },
  [GRPC.deadlineExceeded]: { code: 'timeout', message: 'Firestore did not answer in time.' },
  [GRPC.notFound]: {
    code: 'configuration',
    message: 'The Firestore database does not exist. Create it, or correct project_id and database_id.',
  },
  [GRPC.alreadyExists]: { code: 'server_error', message: 'The Firestore document was written at the same time.' },
  [GRPC.permissionDenied]: {
    code: 'permission',
    message: 'Firestore refused access. Grant the service account the role "roles/datastore.user".',
  },
  [GRPC.resourceExhausted]: { code: 'rate_limit', message: 'Firestore is out of quota or overloaded.' },
  [GRPC.failedPrecondition]: {
    code: 'configuration',
    message: 'Firestore lacks an index for this query, or the database is not in native mode.',
  },
  [GRPC.aborted]: { code: 'server_error', message: 'Firestore gave up because of a concurrent write.' },
  [GRPC.outOfRange]: { code: 'invalid_request', message: 'Firestore refused a value as out of range.' },
  [GRPC.unimplemented]: { code: 'unsupported', message: 'Firestore does not offer this operation.' },
  [GRPC.internal]: { code: 'server_error', message: 'Firestore had an internal error.' },
  [GRPC.unavailable]: { code: 'network', message: 'Firestore cannot be reached.' },
  [GRPC.dataLoss]: { code: 'server_error', message: 'Firestore lost data.', retryable: false },
  [GRPC.unauthenticated]: {
    code: 'authentication',
    message: 'Firestore did not accept the credentials. Renew them, or correct credentials_file.',
  },
};

/** What the SDK threw, as AppError; its own text, which names projects and documents, stays in `cause`. */
export function fromFirestoreError(error: unknown, indexCommand?: () => string): AppError {
  if (error instanceof AppError) return error;
  const status = grpcStatus(error);
  if (status === GRPC.failedPrecondition && indexCommand !== undefined) {
    return new AppError(
      'configuration',
      `Firestore lacks the index this query needs, or is still building it. Create it with: ${indexCommand()}`,
      // It passes by itself once the index is built.
      { cause: error, retryable: true },
    );
  }
  const translation = status === undefined ? undefined : TRANSLATIONS[status];
  if (translation !== undefined) {
    const { code, message, retryable } = translation;
    return new AppError(code, message, { cause: error, ...(retryable !== undefined && { retryable }) });
  }
  return new AppError(
    'configuration',
    'The Firestore client could not be used. Check project_id and the credentials: run ' +
      '"gcloud auth application-default login", or set credentials_file.',
    { cause: error },
  );
}

/** Runs one SDK operation under a deadline and a signal, with its failure translated. */
export async function callFirestore<T>(
  operation: () => Promise<T>,
  options: { signal?: AbortSignal | undefined; timeoutMs: number; indexCommand?: () => string },
): Promise<T> {
  try {
    return await waitFor(operation, options);
  } catch (error) {
    throw fromFirestoreError(error, options.indexCommand);
  }
}
