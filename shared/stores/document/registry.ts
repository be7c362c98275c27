import type { DocumentStore } from '../../contracts/document-store.ts';
import type { FirestoreDocumentStoreOptions } from './firestore.ts';

/** The options of all document stores; each takes what it knows. */
export interface DocumentStoreOptions extends FirestoreDocumentStoreOptions {}

/** Document stores by the name they have in the configuration. A store is loaded when it is asked for. */
export const documentStores = {
  memory: async (_options: DocumentStoreOptions) => (await import('./memory.ts')).createMemoryDocumentStore(),
  firestore: async (options: DocumentStoreOptions) =>
    (await import('./firestore.ts')).createFirestoreDocumentStore(options),
} as const satisfies Record<string, (options: DocumentStoreOptions) => Promise<DocumentStore>>;
