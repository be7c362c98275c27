import type { QueryDocumentSnapshot, Transaction } from '@google-cloud/firestore';
import { AppError } from '../../contracts/app-error.ts';
import type { KeyRecord, KeyStore } from '../../contracts/key-store.ts';
import { createFirestoreClient, type FirestoreClientOptions, type FirestoreConnection } from '../firestore-client.ts';
import { toKeyFields, toKeyRecord } from './key-fields.ts';

export interface FirestoreKeyStoreOptions extends FirestoreClientOptions {
  /** Firestore collection of the keys. Default `keys`. */
  readonly collection?: string;
  /** Longest wait for one operation, in milliseconds. Default 5,000, since the first one loads the client. */
  readonly timeoutMs?: number;
}

/**
 * API keys in Firestore: one document each, whose id is the SHA-256 of the key, so that a check is one read and no key
 * is ever stored. Names are made unique by reading all keys in a transaction, which happens when a key is made or revoked.
 */
export function createFirestoreKeyStore({
  collection = 'keys',
  timeoutMs = 5_000,
  ...clientOptions
}: FirestoreKeyStoreOptions = {}): KeyStore {
  const client = createFirestoreClient({ ...clientOptions, timeoutMs });

  /** Runs a transaction over the keys that are there and not revoked. */
  const change = <T>(
    work: (
      inUse: readonly KeyRecord[],
      transaction: Transaction,
      keys: ReturnType<FirestoreConnection['firestore']['collection']>,
      sdk: FirestoreConnection['sdk'],
    ) => T,
  ): Promise<T> =>
    client.run(({ firestore, sdk }) => {
      const keys = firestore.collection(collection);
      return firestore.runTransaction(async (transaction) => {
        const { docs } = await transaction.get(keys);
        const records = docs.map((found) => toKeyRecord(found.id, found.data()));
        return work(
          records.filter(({ revokedAtMs }) => revokedAtMs === undefined),
          transaction,
          keys,
          sdk,
        );
      });
    });

  return {
    id: 'firestore',

    async find(sha256) {
      const found = await client.run(({ firestore }) => firestore.collection(collection).doc(sha256).get());
      const data = found.data();
      return data && toKeyRecord(sha256, data);
    },

    async list() {
      const found = await client.run(({ firestore }) => firestore.collection(collection).get());
      return found.docs
        .map((snapshot: QueryDocumentSnapshot) => toKeyRecord(snapshot.id, snapshot.data()))
        .sort((one, other) => one.name.localeCompare(other.name) || other.createdAtMs - one.createdAtMs);
    },

    create: (record) =>
      change((inUse, transaction, keys, sdk) => {
        if (inUse.some(({ name }) => name === record.name)) {
          throw new AppError(
            'invalid_request',
            `There is a key named ${record.name}. Revoke it, or take another name.`,
            {
              param: 'name',
            },
          );
        }
        transaction.create(keys.doc(record.sha256), toKeyFields(record, sdk));
      }),

    revoke: (name, revokedAtMs) =>
      change((inUse, transaction, keys, sdk) => {
        const record = inUse.find((candidate) => candidate.name === name);
        if (!record) return undefined;
        transaction.update(keys.doc(record.sha256), { revokedAt: sdk.Timestamp.fromMillis(revokedAtMs) });
        return { ...record, revokedAtMs };
      }),

    close: () => client.close(),
  };
}
