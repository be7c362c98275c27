import type { KeyStore } from '../../contracts/key-store.ts';
import type { FirestoreKeyStoreOptions } from './firestore.ts';

/** Key stores by the name they have in the configuration. A store is loaded when it is asked for. */
export const keyStores = {
  firestore: async (options: FirestoreKeyStoreOptions) =>
    (await import('./firestore.ts')).createFirestoreKeyStore(options),
} as const satisfies Record<string, (options: FirestoreKeyStoreOptions) => Promise<KeyStore>>;
