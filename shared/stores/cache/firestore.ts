import type { DocumentData, DocumentReference } from '@google-cloud/firestore';
import type { ResponseCache } from '../../contracts/response-cache.ts';
import { createFirestoreClient, type FirestoreClientOptions, type FirestoreConnection } from '../firestore-client.ts';
import { type CacheGuardOptions, createCacheGuard } from './cache-guard.ts';

export interface FirestoreResponseCacheOptions extends FirestoreClientOptions, CacheGuardOptions {
  /** Firestore collection of the answers. Default `cache`. */
  readonly collection?: string;
  /** Longest wait for one operation, in milliseconds. Default 3,000, since the first one loads the client. */
  readonly timeoutMs?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** A document holds 1,048,576 bytes (https://cloud.google.com/firestore/quotas), its name and other fields included. */
const MAX_VALUE_BYTES = 900_000;

/**
 * Answers kept in Firestore, one document each: `value`, which needs no index, and `expireAt`, for a TTL policy on that
 * field (https://cloud.google.com/firestore/docs/ttl). The policy removes documents within about a day; until then what
 * has expired is a miss here.
 */
export function createFirestoreResponseCache({
  collection = 'cache',
  timeoutMs = 3_000,
  pauseMs,
  now = Date.now,
  onFault,
  ...clientOptions
}: FirestoreResponseCacheOptions = {}): ResponseCache {
  const client = createFirestoreClient({ ...clientOptions, timeoutMs });
  const guard = createCacheGuard({
    now,
    ...(pauseMs === undefined ? {} : { pauseMs }),
    ...(onFault === undefined ? {} : { onFault }),
  });

  const on = <T>(
    key: string,
    operation: (reference: DocumentReference, connection: FirestoreConnection) => Promise<T>,
  ): Promise<T | undefined> =>
    guard(() =>
      client.run((connection) => operation(connection.firestore.collection(collection).doc(key), connection)),
    );

  return {
    id: 'firestore',
    async get(key) {
      return toValue((await on(key, (reference) => reference.get()))?.data(), now());
    },
    async set(key, value, { ttlMs }) {
      await on<unknown>(key, (reference, { sdk }) => {
        // What cannot be kept still takes the place of what was there.
        if (!(ttlMs > 0) || Buffer.byteLength(value) > MAX_VALUE_BYTES) return reference.delete();
        return reference.set({ value, expireAt: sdk.Timestamp.fromMillis(now() + Math.ceil(ttlMs)) });
      });
    },
    close: () => client.close(),
  };
}

/** The value, unless it is not one of ours or its time is over. */
function toValue(data: DocumentData | undefined, nowMs: number): string | undefined {
  const value: unknown = data?.value;
  const expireAt: unknown = data?.expireAt;
  if (typeof value !== 'string' || !isTime(expireAt) || expireAt.toMillis() <= nowMs) return undefined;
  return value;
}

function isTime(value: unknown): value is { toMillis(): number } {
  return typeof value === 'object' && value !== null && 'toMillis' in value;
}
