import type { Environment } from '../config/environment.ts';
import type { EmbeddingsConfig, SluiceConfig, VectorStoreConfig } from '../config/types.ts';
import { AppError } from '../contracts/app-error.ts';
import type { ChatProvider } from '../contracts/chat-provider.ts';
import type { DocumentStore } from '../contracts/document-store.ts';
import type { EmbeddingProvider } from '../contracts/embedding-provider.ts';
import type { HttpFetch } from '../contracts/http-fetch.ts';
import type { VectorStore } from '../contracts/vector-store.ts';
import { embeddingProviders } from '../embeddings/registry.ts';
import { chatProviders } from '../providers/registry.ts';
import { documentStores } from '../stores/document/registry.ts';
import { vectorStores } from '../stores/vector/registry.ts';
import type { Credentials } from './credentials.ts';
import { createLazy, type Lazy } from './lazy.ts';

export interface BackendOptions {
  readonly config: SluiceConfig;
  readonly environment: Environment;
  readonly credentials: Credentials;
  readonly fetch: HttpFetch;
}

/** The parts that the registries make, each made when it is first used. */
export interface Backends {
  provider(name: string): Promise<ChatProvider>;
  readonly vectorStore: Lazy<VectorStore>;
  readonly documentStore: Lazy<DocumentStore>;
  embedding(config: EmbeddingsConfig): Promise<EmbeddingProvider>;
  close(): Promise<void>;
}

/** Turns what the configuration names into the parts themselves. */
export function createBackends({ config, environment, credentials, fetch }: BackendOptions): Backends {
  const providers = new Map<string, Lazy<ChatProvider>>();
  const emulator = (environment.FIRESTORE_EMULATOR_HOST ?? '') !== '';

  const vectorStore = createLazy(() => makeVectorStore(config.vectorstore, emulator));
  const documentStore = createLazy(() => makeDocumentStore(config));

  return {
    provider(name) {
      let lazy = providers.get(name);
      if (!lazy) {
        const make = pick(chatProviders, name, 'provider');
        lazy = createLazy(make);
        providers.set(name, lazy);
      }
      return lazy.get();
    },
    vectorStore,
    documentStore,
    embedding: (embeddings) =>
      pick(
        embeddingProviders,
        embeddings.provider,
        'embedding provider',
      )({
        model: embeddings.model,
        fetch,
        credential: async () => {
          const [key] = embeddings.apiKeys;
          return key ? await credentials.resolve(key) : undefined;
        },
        ...(embeddings.requestedDimensions === undefined
          ? embeddings.provider === 'local' && embeddings.dimensions !== undefined
            ? { dimensions: embeddings.dimensions }
            : {}
          : { dimensions: embeddings.requestedDimensions }),
        ...(embeddings.endpoint === undefined ? {} : { endpoint: embeddings.endpoint }),
      }),
    async close() {
      await Promise.all([
        vectorStore.peek()?.then((store) => store.close()),
        documentStore.peek()?.then((store) => store.close()),
      ]);
    },
  };
}

async function makeVectorStore(config: VectorStoreConfig | undefined, emulator: boolean): Promise<VectorStore> {
  if (!config) {
    throw new AppError('configuration', 'There is no vector store. Add a `vectorstore` block to the configuration.');
  }
  const make = pick(vectorStores, config.provider, 'vector store');
  const dimensions = config.embeddingDimensions;
  if (dimensions === undefined) {
    throw new AppError('configuration', 'Set `vectorstore.embedding_dimensions` to the length of the embeddings.');
  }
  if (config.provider === 'firestore') {
    return await make({
      dimensions,
      emulator,
      tenancy: config.tenancy,
      distance: config.distance,
      collection: config.collection,
      databaseId: config.databaseId,
      ...(config.project === undefined ? {} : { projectId: config.project }),
      ...(config.credentialsFile === undefined ? {} : { credentialsFile: config.credentialsFile }),
    });
  }
  return await make({ dimensions, ...(config.provider === 'memory' ? { maxDocuments: config.maxDocuments } : {}) });
}

async function makeDocumentStore({ ingestion, vectorstore, project }: SluiceConfig): Promise<DocumentStore> {
  const firestore = vectorstore?.provider === 'firestore' ? vectorstore : undefined;
  const projectId = firestore?.project ?? project;
  return await documentStores[ingestion.store]({
    documentsCollection: ingestion.documentsCollection,
    ingestionsCollection: ingestion.ingestionsCollection,
    ...(projectId === undefined ? {} : { projectId }),
    ...(firestore === undefined ? {} : { databaseId: firestore.databaseId }),
    ...(firestore?.credentialsFile === undefined ? {} : { credentialsFile: firestore.credentialsFile }),
  });
}

/** @throws AppError `configuration` when the name is valid in a file but nothing here answers to it. */
function pick<Factories extends object>(factories: Factories, name: string, what: string): Factories[keyof Factories] {
  if (Object.hasOwn(factories, name)) return factories[name as keyof Factories];
  const known = Object.keys(factories).join(', ');
  throw new AppError('configuration', `The ${what} ${name} is not part of this build. There are ${known}.`);
}
