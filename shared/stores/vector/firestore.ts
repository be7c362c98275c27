import type { AppError } from '../../contracts/app-error.ts';
import type { VectorStore } from '../../contracts/vector-store.ts';
import { refuseAborted, waitFor } from '../abort.ts';
import { createFirestoreClient, type FirestoreClientOptions } from '../firestore-client.ts';
import { toTenantKey } from '../firestore-keys.ts';
import { checkChunks, checkCollection, checkDimensions, checkId, checkSelector, MAX_TOP_K } from './chunk-rules.ts';
import { checkDirection, checkDocumentSize, embeddingFromDocument, fromDocument } from './firestore-chunk.ts';
import { FIRESTORE_FILTER_OPERATORS } from './firestore-filter.ts';
import { listVectorFields } from './firestore-index.ts';
import type { DistanceMeasure } from './firestore-measure.ts';
import { createFirestoreQueries } from './firestore-queries.ts';
import { createFirestoreSearch } from './firestore-search.ts';
import { createFirestoreWords } from './firestore-words.ts';
import { createSharedWriter, WINDOW_SIZE } from './firestore-writer.ts';

/** Firestore's limit (https://firebase.google.com/docs/firestore/vector-search#limitations). */
const MAX_DIMENSIONS = 2_048;
const DELETE_PAGE_SIZE = 300;
const READY_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 5_000;

export interface FirestoreVectorStoreOptions extends FirestoreClientOptions {
  readonly dimensions: number;
  /** Firestore collection of the `default` collection; another one, `x`, lives in `<collection>_x`. Default `embeddings`. */
  readonly collection?: string;
  /** Default `cosine`. Euclidean scores are 1 / (1 + distance). */
  readonly distance?: DistanceMeasure;
  /**
   * Whether chunks may belong to tenants. Every search then filters by tenant, which takes a composite vector index;
   * without it the plain vector index is enough, and only what belongs to nobody is stored and found. Default false.
   */
  readonly tenancy?: boolean;
  /**
   * Whether chunks are found by their words too: a second vector is stored with each, which takes a vector index of its
   * own on the field `lexical`. Chunks stored without it are not found by words until their document is ingested again.
   * Default false.
   */
  readonly lexical?: boolean;
  /** The database is the emulator, which needs no ramp-up of writes. Default false. */
  readonly emulator?: boolean;
  /** Milliseconds since the epoch, for the times of the chunks. */
  readonly now?: () => number;
}

/**
 * Vector search in Cloud Firestore: one nearest-neighbour query per search, one document per chunk. Where more results
 * share the last score than there is room for, Firestore chooses among them.
 */
export function createFirestoreVectorStore({
  dimensions,
  collection: baseCollection = 'embeddings',
  distance = 'cosine',
  tenancy = false,
  lexical = false,
  emulator = false,
  now = Date.now,
  ...clientOptions
}: FirestoreVectorStoreOptions): VectorStore {
  checkDimensions(dimensions, MAX_DIMENSIONS);
  const rules = { dimensions, scores: distance === 'dot_product' ? 'unbounded' : 'unit' } as const;
  const client = createFirestoreClient(clientOptions);
  const writer = createSharedWriter({ client, throttling: !emulator });
  const words = createFirestoreWords();
  const fields = listVectorFields({ dimensions, lexical });
  const storedDimensions = fields.reduce((sum, field) => sum + field.dimensions, 0);
  const queries = createFirestoreQueries({ baseCollection, databaseId: clientOptions.databaseId, tenancy, fields });
  const search = createFirestoreSearch({ client, queries, distance, rules, words });

  return {
    id: 'firestore',
    capabilities: { filters: FIRESTORE_FILTER_OPERATORS, maxDimensions: MAX_DIMENSIONS, maxTopK: MAX_TOP_K },

    async upsert(chunks, { collection, signal }) {
      refuseAborted(signal);
      checkCollection(collection);
      const accepted = checkChunks(chunks, rules);
      for (const chunk of accepted) {
        queries.checkTenant(chunk.tenant);
        checkDocumentSize(chunk, storedDimensions);
        if (distance === 'cosine') checkDirection(chunk);
      }
      const time = new Date(now());
      const upserted: string[] = [];
      const failed: { id: string; error: AppError }[] = [];
      for (const window of windowsOf(accepted)) {
        const written = lexical ? await words.index(window, signal) : window;
        const outcomes = await writer.use(
          (bulk, connection) => bulk.write(written, queries.collectionOf(connection, collection), time),
          signal,
        );
        for (const { id, error } of outcomes) {
          if (error === undefined) upserted.push(id);
          else failed.push({ id, error });
        }
      }
      const [first] = failed;
      // Nothing got through and the fault is not in the data: the backend as a whole is out of reach.
      if (first !== undefined && upserted.length === 0 && first.error.code !== 'invalid_request') throw first.error;
      return { upserted, failed };
    },

    query: search.byVector,

    ...(lexical && { searchText: search.byWords }),

    async delete(selector, scope) {
      checkSelector(selector);
      const filter = 'filter' in selector ? selector.filter : undefined;
      queries.checkReading(scope, filter);
      let deleted = 0;
      if ('ids' in selector) {
        for (const ids of windowsOf([...new Set(selector.ids)])) {
          deleted += await writer.use((bulk, connection) => {
            const target = queries.collectionOf(connection, scope.collection);
            return bulk.delete(ids.map((id) => target.doc(toTenantKey(id, scope.tenant))));
          }, scope.signal);
        }
        return { deleted };
      }
      for (;;) {
        const page = await client.run(
          (connection) => {
            const selected = queries.chunksOf(connection, scope, filter);
            const query = 'documentId' in selector ? selected.where('documentId', '==', selector.documentId) : selected;
            return query.select().limit(DELETE_PAGE_SIZE).get();
          },
          { signal: scope.signal, indexCommand: () => queries.indexCommandFor(scope, filter) },
        );
        deleted += await writer.use((bulk) => bulk.delete(page.docs.map(({ ref }) => ref)), scope.signal);
        if (page.size < DELETE_PAGE_SIZE) return { deleted };
      }
    },

    async listDocument(documentId, scope) {
      queries.checkReading(scope);
      checkId(documentId, 'document_id');
      if (scope.indexes?.length === 0) return [];
      const snapshot = await client.run(
        (connection) => {
          const chunks = queries.chunksOf(connection, scope).where('documentId', '==', documentId);
          return (scope.indexes === undefined ? chunks : chunks.where('index', 'in', scope.indexes)).get();
        },
        { signal: scope.signal, indexCommand: () => queries.indexCommandFor(scope) },
      );
      return snapshot.docs
        .map((document) => ({
          ...fromDocument(document),
          embedding: embeddingFromDocument(document),
          ...(lexical && document.get('lexical') === undefined ? { lacksWords: true as const } : {}),
        }))
        .sort((left, right) => left.index - right.index);
    },

    async count(scope) {
      queries.checkReading(scope);
      const snapshot = await client.run((connection) => queries.chunksOf(connection, scope).count().get(), {
        signal: scope.signal,
      });
      return snapshot.data().count;
    },

    async heldModel({ collection, signal }) {
      checkCollection(collection);
      // The first by its key: every collection is in that order without an index.
      const first = await client.run(
        (connection) => queries.collectionOf(connection, collection).select('embeddingModel').limit(1).get(),
        { signal },
      );
      // One that something else has put there is not known to be anybody's.
      return first.docs.map(fromDocument)[0]?.embeddingModel || undefined;
    },

    async ready() {
      await client.run((connection) => queries.collectionOf(connection, 'default').select().limit(1).get(), {
        timeoutMs: READY_TIMEOUT_MS,
      });
    },

    async close() {
      // The client cannot be closed while a writer is open; one that hangs must not hold up the shutdown for ever.
      await waitFor(() => writer.close(), { timeoutMs: CLOSE_TIMEOUT_MS }).catch(() => undefined);
      await client.close();
    },
  };
}

function windowsOf<T>(items: readonly T[]): T[][] {
  const windows: T[][] = [];
  for (let start = 0; start < items.length; start += WINDOW_SIZE) windows.push(items.slice(start, start + WINDOW_SIZE));
  return windows;
}
