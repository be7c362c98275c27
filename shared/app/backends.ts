import type { Environment } from '../config/environment.ts';
import { defined } from '../config/objects.ts';
import type { EmbeddingsConfig, SluiceConfig } from '../config/types.ts';
import { AppError } from '../contracts/app-error.ts';
import type { ChatProvider } from '../contracts/chat-provider.ts';
import type { DocumentStore } from '../contracts/document-store.ts';
import type { EmbeddingProvider } from '../contracts/embedding-provider.ts';
import type { KeyStore } from '../contracts/key-store.ts';
import type { ResponseCache } from '../contracts/response-cache.ts';
import type { UsageLedger } from '../contracts/usage-ledger.ts';
import type { VectorStore } from '../contracts/vector-store.ts';
import { embeddingProviders } from '../embeddings/registry.ts';
import { chatProviders } from '../providers/registry.ts';
import { responseCaches } from '../stores/cache/registry.ts';
import { documentStores } from '../stores/document/registry.ts';
import type { FirestoreClientOptions } from '../stores/firestore-client.ts';
import { keyStores } from '../stores/keys/registry.ts';
import { usageLedgers } from '../stores/ledger/registry.ts';
import { vectorStores } from '../stores/vector/registry.ts';
import { describeError, type Log } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Credentials } from './credentials.ts';
import { createLazy, type Lazy } from './lazy.ts';
import { observeEmbeddings, observeVectorStore } from './observed-parts.ts';
import type { Outgoing } from './outgoing.ts';

/** Vectors kept in memory, if their bytes allow as many: the cache has a limit of its own for these. */
const MAX_VECTORS = 100_000;

export interface BackendOptions {
  readonly config: SluiceConfig;
  readonly environment: Environment;
  readonly credentials: Credentials;
  readonly outgoing: Outgoing;
  readonly log: Log;
  readonly telemetry: Pick<Telemetry, 'textsEmbedded' | 'storeSearched'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** The parts that the registries make, each made when it is first used. */
export interface Backends {
  provider(name: string): Promise<ChatProvider>;
  readonly vectorStore: Lazy<VectorStore>;
  readonly documentStore: Lazy<DocumentStore>;
  readonly usageLedger: Lazy<UsageLedger>;
  /** Asked for only where the configuration has a `cache` block. */
  readonly responseCache: Lazy<ResponseCache>;
  /** For vectors of texts already seen: the response cache, or the memory of this instance where there is none. */
  readonly vectorCache: Lazy<ResponseCache>;
  /** Asked for only where keys are kept in a store. */
  readonly keyStore: Lazy<KeyStore>;
  embedding(config: EmbeddingsConfig): Promise<EmbeddingProvider>;
  close(): Promise<void>;
}

/** Turns what the configuration names into the parts themselves. */
export function createBackends({
  config,
  environment,
  credentials,
  outgoing,
  log,
  telemetry,
  now,
}: BackendOptions): Backends {
  const providers = new Map<string, Lazy<ChatProvider>>();
  const emulator = (environment.FIRESTORE_EMULATOR_HOST ?? '') !== '';

  const vectorStore = createLazy(async () =>
    observeVectorStore(await makeVectorStore(config, { emulator, credentials, outgoing, now }), telemetry),
  );
  const documentStore = createLazy(() => makeDocumentStore(config));
  const usageLedger = createLazy(() =>
    usageLedgers[config.observability.ledger]({
      ...firestoreOptions(config),
      collection: config.observability.usageCollection,
      now,
      onFailure: (error) => log('WARNING', 'usage not written yet', { error: describeError(error) }),
    }),
  );
  const responseCache = createLazy(() => makeResponseCache(config, { credentials, log, now }));
  const vectorCache = config.cache
    ? responseCache
    : createLazy(async () => await responseCaches.memory({ maxEntries: MAX_VECTORS, now }));

  const keyStore = createLazy(() =>
    keyStores.firestore({ ...firestoreOptions(config), ...defined({ collection: config.auth.keysCollection }) }),
  );

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
    usageLedger,
    responseCache,
    vectorCache,
    keyStore,
    embedding: async (embeddings) =>
      observeEmbeddings(
        await pick(
          embeddingProviders,
          embeddings.provider,
          'embedding provider',
        )({
          model: embeddings.model,
          fetch: outgoing.fetchFor(embeddings.provider, embeddings),
          credential: (signal) => credentials.forProvider(embeddings, signal),
          renew: (refused, signal) => credentials.renew(embeddings, refused, signal),
          normalize: embeddings.normalize,
          waitForModel: embeddings.waitForModel,
          useCache: embeddings.useCache,
          ...(embeddings.project === undefined ? {} : { project: embeddings.project }),
          ...(embeddings.location === undefined ? {} : { location: embeddings.location }),
          ...(embeddings.requestedDimensions === undefined
            ? embeddings.provider === 'local' && embeddings.dimensions !== undefined
              ? { dimensions: embeddings.dimensions }
              : {}
            : { dimensions: embeddings.requestedDimensions }),
          ...(embeddings.endpoint === undefined ? {} : { endpoint: embeddings.endpoint }),
        }),
        telemetry,
      ),
    async close() {
      await Promise.all([
        vectorStore.peek()?.then((store) => store.close()),
        documentStore.peek()?.then((store) => store.close()),
        responseCache.peek()?.then((cache) => cache.close()),
        keyStore.peek()?.then((store) => store.close()),
      ]);
    },
  };
}

async function makeVectorStore(
  { vectorstore, retrieval, production }: SluiceConfig,
  {
    emulator,
    credentials,
    outgoing,
    now,
  }: { readonly emulator: boolean } & Pick<BackendOptions, 'credentials' | 'outgoing' | 'now'>,
): Promise<VectorStore> {
  if (!vectorstore) {
    throw new AppError('configuration', 'There is no vector store. Add a `vectorstore` block to the configuration.');
  }
  const make = pick(vectorStores, vectorstore.provider, 'vector store');
  const dimensions = vectorstore.embeddingDimensions;
  if (dimensions === undefined) {
    throw new AppError('configuration', 'Set `vectorstore.embedding_dimensions` to the length of the embeddings.');
  }
  switch (vectorstore.provider) {
    case 'firestore':
      return await make({
        dimensions,
        emulator,
        now,
        tenancy: vectorstore.tenancy,
        distance: vectorstore.distance,
        // Only where it was asked for: words need an index and space of their own.
        lexical: retrieval.mode === 'hybrid' || retrieval.mode === 'lexical',
        collection: vectorstore.collection,
        databaseId: vectorstore.databaseId,
        ...(vectorstore.project === undefined ? {} : { projectId: vectorstore.project }),
        ...(vectorstore.credentialsFile === undefined ? {} : { credentialsFile: vectorstore.credentialsFile }),
      });
    case 'pgvector': {
      const { connectionString, table, distance, exactUpTo } = vectorstore;
      return await make({
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
      return await make({
        dimensions,
        url,
        collection,
        distance,
        lexical: retrieval.mode === 'hybrid' || retrieval.mode === 'lexical',
        fetch: outgoing.fetchFor('qdrant', { endpoint: url, allowedCidrs }),
        ...(apiKey === undefined ? {} : { apiKey: () => credentials.resolve(apiKey) }),
        ...(exactUpTo === undefined ? {} : { exactUpTo }),
      });
    }
    case 'memory': {
      const { maxDocuments, distance, prescan, ttlMs, file } = vectorstore;
      return await make({
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

async function makeDocumentStore(config: SluiceConfig): Promise<DocumentStore> {
  const { store, documentsCollection, ingestionsCollection } = config.ingestion;
  return await documentStores[store]({ documentsCollection, ingestionsCollection, ...firestoreOptions(config) });
}

async function makeResponseCache(
  config: SluiceConfig,
  { credentials, log, now }: Pick<BackendOptions, 'credentials' | 'log' | 'now'>,
): Promise<ResponseCache> {
  const { cache } = config;
  if (!cache) throw new AppError('configuration', 'There is no cache. Add a `cache` block to the configuration.');
  const { url } = cache;
  return await responseCaches[cache.provider]({
    ...firestoreOptions(config),
    collection: cache.collection,
    maxEntries: cache.maxEntries,
    now,
    onFault: (error) => log('WARNING', 'cache not used', { error: describeError(error) }),
    ...(url === undefined ? {} : { url: () => credentials.resolve(url) }),
  });
}

/** The database of the vector store, where there is one, holds everything else that is kept in Firestore. */
export function firestoreOptions({ vectorstore, project }: SluiceConfig): FirestoreClientOptions {
  const firestore = vectorstore?.provider === 'firestore' ? vectorstore : undefined;
  const projectId = firestore?.project ?? project;
  return {
    ...(projectId === undefined ? {} : { projectId }),
    ...(firestore === undefined ? {} : { databaseId: firestore.databaseId }),
    ...(firestore?.credentialsFile === undefined ? {} : { credentialsFile: firestore.credentialsFile }),
  };
}

/** @throws AppError `configuration` when the name is valid in a file but nothing here answers to it. */
function pick<Factories extends object>(factories: Factories, name: string, what: string): Factories[keyof Factories] {
  if (Object.hasOwn(factories, name)) return factories[name as keyof Factories];
  const known = Object.keys(factories).join(', ');
  throw new AppError('configuration', `The ${what} ${name} is not part of this build. There are ${known}.`);
}
