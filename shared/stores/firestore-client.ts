import type { Firestore } from '@google-cloud/firestore';
import { readEnvironment } from '../config/environment.ts';
import { openGoogleClient } from '../security/google-credentials.ts';
import { waitFor } from './abort.ts';
import { callFirestore } from './firestore-errors.ts';

const CLOSE_TIMEOUT_MS = 5_000;

export type FirestoreSdk = typeof import('@google-cloud/firestore');

export interface FirestoreClientOptions {
  /** Google Cloud project; default: what the credentials or the platform say. */
  readonly projectId?: string;
  /** Database id; default `(default)`. */
  readonly databaseId?: string;
  /** Service account key file; default: Application Default Credentials. */
  readonly credentialsFile?: string;
  /** A client made elsewhere. It is used as it is and stays open on `close`. */
  readonly client?: Firestore;
  /** Longest wait for one operation, in milliseconds, the client's own retries included. Default 60,000. */
  readonly timeoutMs?: number;
}

export interface FirestoreConnection {
  readonly sdk: FirestoreSdk;
  readonly firestore: Firestore;
}

export interface FirestoreCallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
  /** The command that creates the index this operation needs, for the message when it is missing. */
  readonly indexCommand?: () => string;
}

export interface FirestoreClient {
  /** Runs one operation. @throws AppError, mapped from the status Firestore answered with. */
  run<T>(operation: (connection: FirestoreConnection) => Promise<T>, options?: FirestoreCallOptions): Promise<T>;
  close(): Promise<void>;
}

/**
 * Looks for credentials, loads the SDK and opens the client on first use; a failure to do so is not remembered. Without
 * credentials the SDK would reject promises that nobody holds, which ends the process, so it is not called then.
 */
export function createFirestoreClient({
  projectId,
  databaseId,
  credentialsFile,
  client,
  timeoutMs = 60_000,
}: FirestoreClientOptions): FirestoreClient {
  let opening: Promise<FirestoreConnection> | undefined;
  const underWay = new Set<Promise<unknown>>();

  const open = async (): Promise<FirestoreConnection> => {
    // A CommonJS package: once bundled, only its default export is sure to be there.
    const loading = import('@google-cloud/firestore');
    if (client) return { sdk: (await loading).default, firestore: client };
    const emulated = isEmulated();
    const [{ default: sdk }] = await Promise.all([loading, emulated || openGoogleClient({ credentialsFile })]);
    const firestore = new sdk.Firestore({
      // Not told where they hold, the SDK looks for credentials even for the emulator, and warns that there are none.
      ...(emulated && { clientOptions: { universeDomain: 'googleapis.com' } }),
      ...(projectId !== undefined && { projectId }),
      ...(databaseId !== undefined && { databaseId }),
      ...(credentialsFile !== undefined && { keyFilename: credentialsFile }),
    });
    return { sdk, firestore };
  };
  const connect = (): Promise<FirestoreConnection> => {
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };

  /** Operations outlive the callers that gave up on them, so they are remembered until they settle. */
  const track = <T>(operation: Promise<T>): Promise<T> => {
    const forget = () => underWay.delete(operation);
    underWay.add(operation);
    operation.then(forget, forget);
    return operation;
  };

  return {
    run: (operation, options = {}) => callFirestore(() => track(connect().then(operation)), { timeoutMs, ...options }),
    async close() {
      const opened = await opening?.catch(() => undefined);
      opening = undefined;
      if (opened === undefined || client !== undefined) return;
      // A client that is terminated under a running operation waits for it without end, and its retries then reject
      // where nobody can catch them, which ends the process. So one that stays busy is left to the end of the process.
      const idle = waitFor(() => Promise.allSettled(underWay), { timeoutMs: CLOSE_TIMEOUT_MS });
      await idle.then(() => opened.firestore.terminate()).catch(() => undefined);
    },
  };
}

/** The emulator, which the SDK finds by itself, takes no credentials. */
function isEmulated(): boolean {
  return (readEnvironment().FIRESTORE_EMULATOR_HOST ?? '') !== '';
}
