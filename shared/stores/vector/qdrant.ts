import type { Distance } from '../../config/names.ts';
import type { Chunk, ScoredChunk, TextQuery, VectorStore } from '../../contracts/vector-store.ts';
import { refuseAborted } from '../abort.ts';
import { storeBatches, toBatches } from './batched-upsert.ts';
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
import { ALL_FILTER_OPERATORS } from './filter.ts';
import { createQdrantClient, type QdrantClientOptions } from './qdrant-client.ts';
import {
  embeddingFromPayload,
  fromPayload,
  type QdrantPayload,
  RESULT_FIELDS,
  toPayload,
  toPointId,
} from './qdrant-point.ts';
import { createQdrantPoints, type ScoredRecord } from './qdrant-points.ts';
import { searchPoints, searchWords, toCollectionFilter, toQdrantVector, toScopeFilter } from './qdrant-search.ts';
import { createQdrantWords, WORDS } from './qdrant-words.ts';
import { createScopeSizes, DEFAULT_EXACT_UP_TO } from './scope-sizes.ts';
import { byScoreThenId, reachesMinScore, toCosineScore } from './score.ts';

/** Qdrant's limit for a dense vector. */
const MAX_DIMENSIONS = 65_535;
/** Qdrant takes requests of 32 MB unless it is told otherwise. */
const BATCH_LIMITS = { maxChunks: 256, maxBytes: 16 * 1_048_576 };
const LIST_PAGE_SIZE = 200;
const DELETE_PAGE_SIZE = 1_000;

export interface QdrantVectorStoreOptions extends QdrantClientOptions {
  readonly dimensions: number;
  /** Qdrant collection, created on first use. It holds all collections and tenants of ours. Default `embeddings`. */
  readonly collection?: string;
  /** Default `cosine`. Euclidean scores are 1 / (1 + distance). */
  readonly distance?: Distance;
  /**
   * Searches compare every chunk of a collection and tenant that holds at most so many; above that, Qdrant's index
   * answers, which is faster and may miss a few. Default 20,000; infinity is always exact.
   */
  readonly exactUpTo?: number;
  /**
   * Whether chunks are found by their words too: the collection is made with a sparse vector for them, which Qdrant
   * cannot add to one that is there. Default false.
   */
  readonly lexical?: boolean;
  /** Milliseconds since the epoch, for the times of the chunks. */
  readonly now?: () => number;
}

/**
 * Vector search in Qdrant 1.11 or later, over its HTTP interface: one point per chunk. Collections and tenants share one
 * Qdrant collection and are told apart by the payload field `scope`, which Qdrant recommends over many collections.
 *
 * Under cosine Qdrant keeps vectors at length 1, so the vector as it was given travels in the payload. Metadata is there
 * twice, once in a form that filters can be exact about; for speed in large collections, create payload indexes on
 * `scalars.FIELD`. Filters that order texts are refused.
 *
 * No Qdrant server was at hand when this was written: its tests run against a stand-in that checks every request and
 * answer against Qdrant's published interface and follows its documented rules.
 */
export function createQdrantVectorStore({
  dimensions,
  collection: name = 'embeddings',
  distance = 'cosine',
  exactUpTo = DEFAULT_EXACT_UP_TO,
  lexical = false,
  timeoutMs = 60_000,
  now = Date.now,
  ...clientOptions
}: QdrantVectorStoreOptions): VectorStore {
  checkDimensions(dimensions, MAX_DIMENSIONS);
  const scores = distance === 'dot_product' ? 'unbounded' : 'unit';
  // Under cosine vectors are sent at length 1.
  const rules = { dimensions, scores, singlePrecision: distance !== 'cosine' } as const;
  const client = createQdrantClient({ ...clientOptions, timeoutMs });
  const points = createQdrantPoints({ client, collection: name, dimensions, distance, lexical, timeoutMs });
  const words = createQdrantWords();
  const isLarge = createScopeSizes({
    limit: exactUpTo,
    count: ({ collection, tenant, signal }) => points.count(toScopeFilter({ collection, tenant }), signal),
    now,
  });

  /** Beside a named vector, the one without a name has the empty one. */
  const toPointVector = ({ embedding, content }: Chunk) => {
    const vector = toQdrantVector(embedding, distance);
    const sparse = lexical ? words.ofChunk(content) : undefined;
    return sparse === undefined ? vector : { '': vector, [WORDS]: sparse };
  };

  const storeBatch = async (batch: readonly Chunk[], collection: string, signal?: AbortSignal): Promise<void> => {
    const placed = batch.map((chunk) => ({ chunk, id: toPointId(chunk.id, { collection, tenant: chunk.tenant }) }));
    const ids = placed.map(({ id }) => id);
    const existing = await points.get(ids, ['created_at'], signal);
    const createdAt = new Map(existing.map(({ id, payload }) => [id, payload.created_at]));
    const time = new Date(now()).toISOString();
    await points.put(
      placed.map(({ chunk, id }) => ({
        id,
        vector: toPointVector(chunk),
        payload: toPayload(chunk, { collection, createdAt: createdAt.get(id) ?? time, updatedAt: time }),
      })),
      signal,
    );
  };

  const toScore = (value: number): number => {
    if (distance === 'cosine') return toCosineScore(value);
    return distance === 'euclidean' ? 1 / (1 + value) : value;
  };
  const toResult = ({ score, payload }: ScoredRecord): ScoredChunk => ({
    ...fromPayload(payload),
    score: toScore(score),
    ...(payload.embedding !== undefined && { embedding: embeddingFromPayload(payload) }),
  });

  return {
    id: 'qdrant',
    capabilities: { filters: ALL_FILTER_OPERATORS, maxDimensions: MAX_DIMENSIONS, maxTopK: MAX_TOP_K },

    async upsert(chunks, { collection, signal }) {
      refuseAborted(signal);
      checkCollection(collection);
      const batches = toBatches(checkChunks(chunks, rules), BATCH_LIMITS);
      return await storeBatches(batches, (batch) => storeBatch(batch, collection, signal), signal);
    },

    async query(query) {
      refuseAborted(query.signal);
      checkQuery(query, rules);
      const records = await searchPoints(points, query, { distance, exact: !(await isLarge(query)) });
      return records
        .map(toResult)
        .filter(({ score }) => reachesMinScore(score, query.minScore))
        .sort(byScoreThenId)
        .slice(0, query.topK);
    },

    ...(lexical && {
      async searchText(query: TextQuery) {
        refuseAborted(query.signal);
        checkTextQuery(query);
        const asked = words.ofQuery(query.text);
        if (asked === undefined) return [];
        const records = await searchWords(points, query, asked);
        return records
          .map((record) => ({ ...toResult(record), score: record.score }))
          .filter(({ score }) => score > 0)
          .sort(byScoreThenId)
          .slice(0, query.topK);
      },
    }),

    async delete(selector, scope) {
      refuseAborted(scope.signal);
      checkScope(scope);
      checkSelector(selector);
      if (!('ids' in selector)) {
        const filter =
          'filter' in selector
            ? toScopeFilter({ ...scope, filter: selector.filter })
            : toScopeFilter(scope, { key: 'document_id', match: { value: selector.documentId } });
        const deleted = await points.count(filter, scope.signal);
        if (deleted > 0) await points.delete({ filter }, scope.signal);
        return { deleted };
      }
      const ids = [...new Set(selector.ids)].map((id) => toPointId(id, scope));
      let deleted = 0;
      for (let start = 0; start < ids.length; start += DELETE_PAGE_SIZE) {
        const found = await points.get(ids.slice(start, start + DELETE_PAGE_SIZE), [], scope.signal);
        if (found.length > 0) await points.delete({ points: found.map(({ id }) => id) }, scope.signal);
        deleted += found.length;
      }
      return { deleted };
    },

    async listDocument(documentId, scope) {
      refuseAborted(scope.signal);
      checkScope(scope);
      checkId(documentId, 'document_id');
      const filter = toScopeFilter(
        { collection: scope.collection, tenant: scope.tenant },
        { key: 'document_id', match: { value: documentId } },
        ...(scope.indexes === undefined ? [] : [{ key: 'index', match: { any: scope.indexes } }]),
      );
      const payloads: QdrantPayload[] = [];
      const options = {
        limit: LIST_PAGE_SIZE,
        fields: [...RESULT_FIELDS, 'embedding'],
        signal: scope.signal,
      } as const;
      for await (const page of points.scroll(filter, options)) payloads.push(...page.map(({ payload }) => payload));
      return payloads
        .map((payload) => ({ ...fromPayload(payload), embedding: embeddingFromPayload(payload) }))
        .sort((left, right) => left.index - right.index);
    },

    async count(scope) {
      refuseAborted(scope.signal);
      checkScope(scope);
      return await points.count(toScopeFilter({ collection: scope.collection, tenant: scope.tenant }), scope.signal);
    },

    async heldModel({ collection, signal }) {
      refuseAborted(signal);
      checkCollection(collection);
      for await (const [first] of points.scroll(toCollectionFilter(collection), {
        limit: 1,
        fields: ['embedding_model'],
        signal,
      })) {
        return first?.payload.embedding_model;
      }
      return undefined;
    },

    ready: () => points.ready(),

    async close() {},
  };
}
