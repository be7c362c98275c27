import type { AuthClient } from 'google-auth-library';
import { AppError } from '../contracts/app-error.ts';
import { RENEW_BEFORE_MS, UNUSABLE_BEFORE_MS } from './renewing-token.ts';

export interface GoogleCredentials {
  readonly scopes?: readonly string[];
  /** Path of a credentials file. Default: Application Default Credentials. */
  readonly credentialsFile?: string | undefined;
}

const NO_CREDENTIALS =
  'There are no usable Google credentials: run `gcloud auth application-default login`, set ' +
  'GOOGLE_APPLICATION_CREDENTIALS to a key file, or run on Google Cloud with a service account.';
const NO_FILE =
  'The file that credentials_file or GOOGLE_APPLICATION_CREDENTIALS names cannot be read: correct the path, or leave it ' +
  'out and run `gcloud auth application-default login`.';

/** @throws AppError `configuration` when there are no credentials, or none that can be read. */
export async function openGoogleClient({ scopes, credentialsFile }: GoogleCredentials): Promise<AuthClient> {
  // A CommonJS package: once bundled, only its default export is sure to be there, and under tsx there is none.
  const loaded = await import('google-auth-library');
  const auth = new (loaded.default ?? loaded).GoogleAuth({
    // No token needs it; when it is not given, the library runs gcloud and asks the metadata server to find it.
    projectId: 'not-needed',
    ...(scopes === undefined ? {} : { scopes: [...scopes] }),
    ...(credentialsFile === undefined ? {} : { keyFilename: credentialsFile }),
    // The library keeps tokens too. It must let go of one before we ask for the next.
    clientOptions: { eagerRefreshThresholdMillis: RENEW_BEFORE_MS + UNUSABLE_BEFORE_MS },
  });
  try {
    return await auth.getClient();
  } catch (cause) {
    throw new AppError('configuration', isMissingFile(cause) ? NO_FILE : NO_CREDENTIALS, { cause });
  }
}

/** A failure to get a token from Google, in words without any part of it. */
export function toTokenError(error: unknown, what: 'access' | 'ID'): AppError {
  if (error instanceof AppError) return error;
  const { status, response } = error as { status?: unknown; response?: { status?: unknown } };
  const answered = Number(response?.status ?? status);
  if (answered >= 400 && answered < 500 && answered !== 408 && answered !== 429) {
    return new AppError('authentication', 'Google refused the configured credentials; renew or replace them.', {
      upstreamStatus: answered,
      cause: error,
    });
  }
  return new AppError('network', `No ${what} token could be had from Google.`, { cause: error });
}

function isMissingFile(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR';
}
