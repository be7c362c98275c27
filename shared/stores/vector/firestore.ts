import type { CollectionReference, Query, QuerySnapshot, VectorQueryOptions } from '@google-cloud/firestore';
import { AppError } from '../../contracts/app-error.ts';
import type { Filter } from '../../contracts/filter.ts';
import { RESERVED_NAME } from '../../contracts/metadata-rules.ts';
import type {
  ScoredChunk,
  StoredChunk,
  StoreScope,
  TextQuery,
  VectorQuery,
  VectorStore,
} from '../../contracts/vector-store.ts';
import { refuseAborted, waitFor } from '../abort.ts';
import { createFirestoreClient, type FirestoreClientOptions, type FirestoreConnection } from '../firestore-client.ts';
import { toTenantKey } from '../firestore-keys.ts';
import {
  checkChunks,
  checkCollection,
  checkDimensions,
  checkId,
  checkQuery,
  checkScope,
  checkSelector,
  checkTextQuery,
  MAX_TOP_K,
} from './chunk-rules.ts';
import {
  checkDirection,
  checkDocumentSize,
  embeddingFromDocument,
  fromDocument,
  RESULT_FIELDS,
} from './firestore-chunk.ts';
import { checkFirestoreFilter, FIRESTORE_FILTER_OPERATORS, toFirestoreFilter } from './firestore-filter.ts';
import { indexCommand, listVectorFields, type VectorField } from './firestore-index.ts';
import {
  type DistanceMeasure,
  FIRESTORE_MEASURES,
  scoreFromDistance,
  thresholdFromScore,
} from './firestore-measure.ts';
import { createFirestoreWords } from './firestore-words.ts';
import { createSharedWriter, WINDOW_SIZE } from './firestore-writer.ts';
import { byScoreThenId, reachesMinScore } from './score.ts';

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
   * own on the field `lexical`. Chunks stored without it are not found by words until their document is ingested again. Default false.
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
  checkBaseCollection(baseCollection);
  const rules = { dimensions, scores: distance === 'dot_product' ? 'unbounded' : 'unit' } as const;
  const client = createFirestoreClient(clientOptions);
  const writer = createSharedWriter({ client, throttling: !emulator });
  const words = createFirestoreWords();
  const fields = listVectorFields({ dimensions, lexical });
  const storedDimensions = fields.reduce((sum, field) => sum + field.dimensions, 0);

  const nameOf = (collection: string): string =>
    collection === 'default' ? baseCollection : `${baseCollection}_${collection}`;
  const collectionOf = ({ firestore }: FirestoreConnection, collection: string): CollectionReference =>
    firestore.collection(nameOf(collection));

  /** Chunks of the scope, for everything but the vector search. */
  const chunksOf = (connection: FirestoreConnection, { collection, tenant }: StoreScope, filter?: Filter): Query => {
    const query = collectionOf(connection, collection).where('tenant', '==', tenant);
    return filter === undefined ? query : query.where(toFirestoreFilter(filter, connection.sdk));
  };

  const commandFor = ({ collection }: { collection: string }, filter?: Filter, nearest?: VectorField['field']) => {
    const vector = fields.find(({ field }) => field === nearest);
    return indexCommand({
      collectionGroup: nameOf(collection),
      databaseId: clientOptions.databaseId,
      equalityFields: vector !== undefined && !tenancy ? [] : ['tenant'],
      filter,
      ...(vector && { vector }),
    });
  };

  const checkTenancy = (tenant: string | null): void => {
    if (tenant === null || tenancy) return;
    throw new AppError(
      'configuration',
      'This vector store is not set up for tenants. Set vectorstore.tenancy: true and create the index for it.',
      { param: 'vectorstore.tenancy' },
    );
  };

  const checkReading = (scope: StoreScope, filter?: Filter): void => {
    checkScope(scope);
    checkTenancy(scope.tenant);
    if (filter !== undefined) checkFirestoreFilter(filter);
  };

  const toResults = (
    snapshot: Pick<QuerySnapshot, 'docs'>,
    { tenant, withEmbeddings }: Pick<VectorQuery, 'tenant' | 'withEmbeddings'>,
    scoreOf: (chunk: StoredChunk, distance: unknown) => number,
  ): ScoredChunk[] =>
    snapshot.docs
      .map((document) => {
        const chunk = fromDocument(document);
        const score = scoreOf(chunk, document.get('distance'));
        return { ...chunk, score, ...(withEmbeddings && { embedding: embeddingFromDocument(document) }) };
      })
      .filter((chunk) => chunk.tenant === tenant)
      .sort(byScoreThenId);

  /** One nearest-neighbour query: it reads the documents it gives, and no others. */
  const findNearest = (
    query: Omit<TextQuery, 'text'>,
    nearest: Pick<VectorQueryOptions, 'distanceMeasure' | 'distanceThreshold'> & {
      readonly vectorField: VectorField['field'];
      readonly vector: Float32Array;
    },
  ): Promise<Pick<QuerySnapshot, 'docs'>> => {
    const { vector, vectorField, ...options } = nearest;
    return client.run(
      (connection) => {
        let candidates: Query = collectionOf(connection, query.collection);
        if (tenancy) candidates = candidates.where('tenant', '==', query.tenant);
        if (query.filter !== undefined) candidates = candidates.where(toFirestoreFilter(query.filter, connection.sdk));
        return candidates
          .select(...resultFields(query), 'distance')
          .findNearest({
            vectorField,
            queryVector: Array.from(vector),
            limit: query.topK,
            distanceResultField: 'distance',
            ...options,
          })
          .get();
      },
      { signal: query.signal, indexCommand: () => commandFor(query, query.filter, vectorField) },
    );
  };

  /** A zero query is as far from everything: its cosine is 0 by definition, and Firestore's answer would be NaN. */
  const queryWithoutDirection = async (query: VectorQuery): Promise<ScoredChunk[]> => {
    if (!reachesMinScore(0, query.minScore)) return [];
    const snapshot = await client.run(
      (connection) =>
        chunksOf(connection, query, query.filter)
          .select(...resultFields(query))
          .limit(query.topK)
          .get(),
      { signal: query.signal, indexCommand: () => commandFor(query, query.filter) },
    );
    return toResults(snapshot, query, () => 0);
  };

  return {
    id: 'firestore',
    capabilities: { filters: FIRESTORE_FILTER_OPERATORS, maxDimensions: MAX_DIMENSIONS, maxTopK: MAX_TOP_K },

    async upsert(chunks, { collection, signal }) {
      refuseAborted(signal);
      checkCollection(collection);
      const accepted = checkChunks(chunks, rules);
      for (const chunk of accepted) {
        checkTenancy(chunk.tenant);
        checkDocumentSize(chunk, storedDimensions);
        if (distance === 'cosine') checkDirection(chunk);
      }
      const time = new Date(now());
      const upserted: string[] = [];
      const failed: { id: string; error: AppError }[] = [];
      for (const window of windowsOf(accepted)) {
        const written = lexical ? await words.index(window, signal) : window;
        const outcomes = await writer.use(
          (bulk, connection) => bulk.write(written, collectionOf(connection, collection), time),
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

    async query(query) {
      checkQuery(query, rules);
      checkReading(query, query.filter);
      if (distance === 'cosine' && query.vector.every((value) => value === 0)) return queryWithoutDirection(query);
      const threshold = thresholdFromScore(query.minScore, distance);
      const snapshot = await findNearest(query, {
        vectorField: 'embedding',
        vector: query.vector,
        distanceMeasure: FIRESTORE_MEASURES[distance],
        ...(threshold !== undefined && { distanceThreshold: threshold }),
      });
      const results = toResults(snapshot, query, (_, value) => scoreFromDistance(Number(value), distance));
      return results.filter(({ score }) => reachesMinScore(score, query.minScore));
    },

    ...(lexical && {
      async searchText(query: TextQuery) {
        checkTextQuery(query);
        checkReading(query, query.filter);
        const read = words.read(query.text);
        if (read === undefined) return [];
        const { vector, scoreOf } = read;
        const snapshot = await findNearest(query, { vectorField: 'lexical', vector, distanceMeasure: 'COSINE' });
        const results = toResults(snapshot, query, ({ content }, distance) => scoreOf(content, 1 - Number(distance)));
        return results.filter(({ score }) => score > 0);
      },
    }),

    async delete(selector, scope) {
      checkSelector(selector);
      const filter = 'filter' in selector ? selector.filter : undefined;
      checkReading(scope, filter);
      let deleted = 0;
      if ('ids' in selector) {
        for (const ids of windowsOf([...new Set(selector.ids)])) {
          deleted += await writer.use((bulk, connection) => {
            const target = collectionOf(connection, scope.collection);
            return bulk.delete(ids.map((id) => target.doc(toTenantKey(id, scope.tenant))));
          }, scope.signal);
        }
        return { deleted };
      }
      for (;;) {
        const page = await client.run(
          (connection) => {
            const selected = chunksOf(connection, scope, filter);
            const query = 'documentId' in selector ? selected.where('documentId', '==', selector.documentId) : selected;
            return query.select().limit(DELETE_PAGE_SIZE).get();
          },
          { signal: scope.signal, indexCommand: () => commandFor(scope, filter) },
        );
        deleted += await writer.use((bulk) => bulk.delete(page.docs.map(({ ref }) => ref)), scope.signal);
        if (page.size < DELETE_PAGE_SIZE) return { deleted };
      }
    },

    async listDocument(documentId, scope) {
      checkReading(scope);
      checkId(documentId, 'document_id');
      if (scope.indexes?.length === 0) return [];
      const snapshot = await client.run(
        (connection) => {
          const chunks = chunksOf(connection, scope).where('documentId', '==', documentId);
          return (scope.indexes === undefined ? chunks : chunks.where('index', 'in', scope.indexes)).get();
        },
        { signal: scope.signal, indexCommand: () => commandFor(scope) },
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
      checkReading(scope);
      const snapshot = await client.run((connection) => chunksOf(connection, scope).count().get(), {
        signal: scope.signal,
      });
      return snapshot.data().count;
    },

    async heldModel({ collection, signal }) {
      checkCollection(collection);
      // The first by its key: every collection is in that order without an index.
      const first = await client.run(
        (connection) => collectionOf(connection, collection).select('embeddingModel').limit(1).get(),
        { signal },
      );
      // One that something else has put there is not known to be anybody's.
      return first.docs.map(fromDocument)[0]?.embeddingModel || undefined;
    },

    async ready() {
      await client.run((connection) => collectionOf(connection, 'default').select().limit(1).get(), {
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

function checkBaseCollection(name: string): void {
  if (name !== '' && !name.includes('/') && !RESERVED_NAME.test(name)) return;
  throw new AppError(
    'configuration',
    'A Firestore collection has a name without slashes, not of the form "__name__".',
    {
      param: 'vectorstore.firestore.collection',
    },
  );
}

function resultFields({ withEmbeddings }: Pick<VectorQuery, 'withEmbeddings'>): readonly string[] {
  return withEmbeddings ? [...RESULT_FIELDS, 'embedding'] : RESULT_FIELDS;
}

function windowsOf<T>(items: readonly T[]): T[][] {
  const windows: T[][] = [];
  for (let start = 0; start < items.length; start += WINDOW_SIZE) windows.push(items.slice(start, start + WINDOW_SIZE));
  return windows;
}
