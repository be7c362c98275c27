import type { VectorStore } from '../../contracts/vector-store.ts';
import type { FirestoreVectorStoreOptions } from './firestore.ts';
import type { MemoryVectorStoreOptions } from './memory.ts';
import type { PgvectorVectorStoreOptions } from './pgvector.ts';
import type { QdrantVectorStoreOptions } from './qdrant.ts';

/** The options of all vector stores; each takes what it knows. */
export interface VectorStoreOptions
  extends MemoryVectorStoreOptions,
    FirestoreVectorStoreOptions,
    PgvectorVectorStoreOptions,
    QdrantVectorStoreOptions {
  /** Where the memory store keeps its contents between runs. */
  readonly file?: string;
}

/** Vector stores by the name they have in the configuration. A store is loaded when it is asked for. */
export const vectorStores = {
  memory: async (options: VectorStoreOptions) => (await import('./memory.ts')).openMemoryVectorStore(options),
  firestore: async (options: VectorStoreOptions) =>
    (await import('./firestore.ts')).createFirestoreVectorStore(options),
  pgvector: async (options: VectorStoreOptions) => (await import('./pgvector.ts')).createPgvectorVectorStore(options),
  qdrant: async (options: VectorStoreOptions) => (await import('./qdrant.ts')).createQdrantVectorStore(options),
} as const satisfies Record<string, (options: VectorStoreOptions) => Promise<VectorStore>>;
