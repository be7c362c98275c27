import type { SluiceConfig } from '../config/types.ts';
import { AppError } from '../contracts/app-error.ts';
import type { VectorStore } from '../contracts/vector-store.ts';
import { vectorStores } from '../stores/vector/registry.ts';
import type { Credentials } from './credentials.ts';
import type { Outgoing } from './outgoing.ts';

export interface VectorStoreParts {
  /** Firestore is its emulator. */
  readonly emulator: boolean;
  readonly credentials: Credentials;
  readonly outgoing: Outgoing;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * The configured vector store.
 * @throws AppError `configuration` where none is configured, or the length of its vectors is not known.
 */
export async function openVectorStore(
  { vectorstore, retrieval, production }: SluiceConfig,
  { emulator, credentials, outgoing, now }: VectorStoreParts,
): Promise<VectorStore> {
  if (!vectorstore) {
    throw new AppError('configuration', 'There is no vector store. Add a `vectorstore` block to the configuration.');
  }
  const dimensions = vectorstore.embeddingDimensions;
  if (dimensions === undefined) {
    throw new AppError('configuration', 'Set `vectorstore.embedding_dimensions` to the length of the embeddings.');
  }
  // Only where they are asked for: words need an index, and space of their own.
  const lexical = retrieval.mode === 'hybrid' || retrieval.mode === 'lexical';
  switch (vectorstore.provider) {
    case 'firestore':
      return await vectorStores.firestore({
        dimensions,
        emulator,
        now,
        tenancy: vectorstore.tenancy,
        distance: vectorstore.distance,
        lexical,
        collection: vectorstore.collection,
        databaseId: vectorstore.databaseId,
        ...(vectorstore.project === undefined ? {} : { projectId: vectorstore.project }),
        ...(vectorstore.credentialsFile === undefined ? {} : { credentialsFile: vectorstore.credentialsFile }),
      });
    case 'pgvector': {
      const { connectionString, table, distance, exactUpTo } = vectorstore;
      return await vectorStores.pgvector({
        dimensions,
        production,
        table,
        distance,
        connectionString: () => credentials.resolve(connectionString),
        ...(exactUpTo === undefined ? {} : { exactUpTo }),
      });
    }
    case 'qdrant': {
      const { url, collection, distance, apiKey, allowedCidrs, exactUpTo } = vectorstore;
      return await vectorStores.qdrant({
        dimensions,
        url,
        collection,
        distance,
        lexical,
        fetch: outgoing.fetchFor('qdrant', { endpoint: url, allowedCidrs }),
        ...(apiKey === undefined ? {} : { apiKey: () => credentials.resolve(apiKey) }),
        ...(exactUpTo === undefined ? {} : { exactUpTo }),
      });
    }
    case 'memory': {
      const { maxDocuments, distance, prescan, ttlMs, file } = vectorstore;
      return await vectorStores.memory({
        dimensions,
        maxDocuments,
        distance,
        prescan,
        now,
        ...(ttlMs === undefined ? {} : { ttlMs }),
        ...(file === undefined ? {} : { file }),
      });
    }
  }
}
