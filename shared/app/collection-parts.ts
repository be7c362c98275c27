import type { Environment } from '../config/environment.ts';
import type { SluiceConfig } from '../config/types.ts';
import { AppError } from '../contracts/app-error.ts';
import type { DocumentStore } from '../contracts/document-store.ts';
import type { HttpFetch } from '../contracts/http-fetch.ts';
import type { VectorStore } from '../contracts/vector-store.ts';
import type { Embedder } from '../rag/embed.ts';
import { createSecrets } from '../secrets/create-secrets.ts';
import { createAccessTokenSource } from '../security/access-token.ts';
import { createIdTokenSource } from '../security/id-token.ts';
import { createFirestoreCollections, type FirestoreCollections } from '../stores/vector/firestore-collections.ts';
import { createTelemetry } from '../telemetry/telemetry.ts';
import { createBackends, firestoreOptions } from './backends.ts';
import { createCredentials } from './credentials.ts';
import { createEmbeddingsService } from './embeddings/embeddings-service.ts';
import { createOutgoing } from './outgoing.ts';

/** What a configuration says of a collection of chunks, for tools that work on all of it. */
export interface CollectionParts {
  readonly embedder: Embedder;
  readonly vectorStore: VectorStore;
  readonly documentStore: DocumentStore;
  readonly collections: FirestoreCollections;
  close(): Promise<void>;
}

export interface CollectionPartsOptions {
  readonly environment: Environment;
  /** Milliseconds since the epoch, for the times of chunks that are written. */
  readonly now: () => number;
  readonly fetch?: HttpFetch | undefined;
}

/** @throws AppError `configuration` where the chunks are not kept in Firestore, or a part cannot be made. */
export async function openCollectionParts(
  config: SluiceConfig,
  { environment, now, fetch }: CollectionPartsOptions,
): Promise<CollectionParts> {
  if (config.vectorstore?.provider !== 'firestore') {
    throw new AppError('configuration', 'Chunks are not kept in Firestore (`vectorstore.provider: firestore`).');
  }
  const log = () => {};
  const telemetry = createTelemetry([]);
  const outgoing = createOutgoing({ production: config.production, telemetry, fetch });
  const secrets = createSecrets({ environment, projectId: config.project });
  const credentials = createCredentials({
    secrets,
    accessTokens: createAccessTokenSource(),
    idTokens: createIdTokenSource(),
  });
  const backends = createBackends({ config, environment, credentials, outgoing, log, telemetry, now });
  const collections = createFirestoreCollections({
    ...firestoreOptions(config),
    collection: config.vectorstore.collection,
  });
  // Only requests are counted and have a budget: whoever runs a tool pays what it says.
  const usage = { check: async () => {}, record: async () => null };
  const close = async (): Promise<void> => {
    await Promise.all([backends.close(), collections.close(), secrets.close(), outgoing.close()]);
  };
  try {
    return {
      embedder: await createEmbeddingsService({ config, backends, usage }).configured.get(),
      vectorStore: await backends.vectorStore.get(),
      documentStore: await backends.documentStore.get(),
      collections,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
