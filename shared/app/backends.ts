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
import { describeError, type Log } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Credentials } from './credentials.ts';
import { createLazy, type Lazy } from './lazy.ts';
import { observeEmbeddings, observeVectorStore } from './observation/observed-parts.ts';
import { openVectorStore } from './open-vector-store.ts';
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
    observeVectorStore(await openVectorStore(config, { emulator, credentials, outgoing, now }), telemetry),
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
    async embedding(embeddings) {
      const create = pick(embeddingProviders, embeddings.provider, 'embedding provider');
      const dimensions = dimensionsOf(embeddings);
      const provider = await create({
        model: embeddings.model,
        fetch: outgoing.fetchFor(embeddings.provider, embeddings),
        credential: (signal) => credentials.forProvider(embeddings, signal),
        renew: (refused, signal) => credentials.renew(embeddings, refused, signal),
        normalize: embeddings.normalize,
        waitForModel: embeddings.waitForModel,
        useCache: embeddings.useCache,
        ...(embeddings.project === undefined ? {} : { project: embeddings.project }),
        ...(embeddings.location === undefined ? {} : { location: embeddings.location }),
        ...(dimensions === undefined ? {} : { dimensions }),
        ...(embeddings.endpoint === undefined ? {} : { endpoint: embeddings.endpoint }),
      });
      return observeEmbeddings(provider, telemetry);
    },
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

/** The length of vectors to ask a provider for; a local embedder, which makes any, is always told one. */
function dimensionsOf({ provider, dimensions, requestedDimensions }: EmbeddingsConfig): number | undefined {
  return requestedDimensions ?? (provider === 'local' ? dimensions : undefined);
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
