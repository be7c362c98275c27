import type { Distance } from '../../config/names.ts';
import { AppError } from '../../contracts/app-error.ts';
import { copyMetadata } from '../../contracts/metadata-rules.ts';
import type { Chunk, DeleteSelector, ScoredChunk, StoredChunk, VectorStore } from '../../contracts/vector-store.ts';
import { createTermReader } from '../../text/search-terms.ts';
import { refuseAborted } from '../abort.ts';
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
import { ALL_FILTER_OPERATORS, compileFilter } from './filter.ts';
import { createMemoryBlocks, type MemoryBlock, type MemoryBlocks } from './memory-blocks.ts';
import { createMemoryFile } from './memory-file.ts';
import { createSimdMemory, type SimdMemory } from './simd-memory.ts';
import { segmentsOf, type VectorBlock } from './vector-block.ts';
import { VECTOR_MEASURES } from './vector-measure.ts';

const MAX_DIMENSIONS = 16_384;

export interface MemoryVectorStoreOptions {
  readonly dimensions: number;
  /** Most chunks the store holds, over all collections and tenants. Default 10,000. */
  readonly maxDocuments?: number;
  /** How long a chunk is there after it was written last. Default: for ever. */
  readonly ttlMs?: number;
  /** Scores: the cosine; 1 / (1 + distance); the dot product. Default cosine. */
  readonly distance?: Distance;
  /**
   * Keep codes of the vectors, which make searches faster and take a sixth of the vectors' memory more, a quarter above 512
   * dimensions. Default true.
   */
  readonly prescan?: boolean;
  /** Milliseconds since the epoch, for the times of the chunks. */
  readonly now?: () => number;
}

/**
 * Exact search by vectors, and exact BM25 by words, over chunks held in this process: it is empty after every start, and two
 * instances do not share it.
 */
export function createMemoryVectorStore(options: MemoryVectorStoreOptions): VectorStore {
  return createStore(options).store;
}

/**
 * The same with a file that it is filled from, and that is written before a change is acknowledged: for development.
 * @throws AppError `configuration` for a file that is damaged or has other dimensions. It is left as it is.
 */
export async function openMemoryVectorStore({
  file,
  ...options
}: MemoryVectorStoreOptions & { readonly file?: string }): Promise<VectorStore> {
  const { store, blocks } = createStore(options);
  if (file === undefined) return store;
  const kept = createMemoryFile({ file, dimensions: options.dimensions, blocks });
  await kept.load();
  return {
    ...store,
    async upsert(chunks, scope) {
      const report = await store.upsert(chunks, scope);
      if (report.upserted.length > 0) await kept.save();
      return report;
    },
    async delete(selector, scope) {
      const report = await store.delete(selector, scope);
      if (report.deleted > 0) await kept.save();
      return report;
    },
  };
}

function createStore({
  dimensions,
  maxDocuments = 10_000,
  ttlMs,
  distance = 'cosine',
  prescan = true,
  now = Date.now,
}: MemoryVectorStoreOptions): { readonly store: VectorStore; readonly blocks: MemoryBlocks } {
  checkDimensions(dimensions, MAX_DIMENSIONS);
  const measure = VECTOR_MEASURES[distance];
  const rules = { dimensions, scores: distance === 'dot_product' ? 'unbounded' : 'unit' } as const;
  const memory = createSimdMemory({ dimensions, coded: prescan && measure.kind === 'product' });
  const blocks = createMemoryBlocks({ dimensions, measure, memory, readTerms: createTermReader(), ttlMs, now });

  const checkCapacity = (added: number): void => {
    if (blocks.size + added <= maxDocuments) return;
    // Counting makes room: what has expired is gone from every block that is looked at.
    const present = [...blocks.all()].reduce((sum, { vectors }) => sum + vectors.size, 0);
    if (present + added <= maxDocuments) return;
    throw new AppError(
      'quota_exceeded',
      `The in-memory vector store is full: it holds at most ${maxDocuments} chunks. ` +
        'Raise vectorstore.memory.max_documents, or use another vector store.',
      { retryable: false },
    );
  };

  const store: VectorStore = {
    id: 'memory',
    capabilities: { filters: ALL_FILTER_OPERATORS, maxDimensions: MAX_DIMENSIONS, maxTopK: MAX_TOP_K },

    async upsert(chunks, { collection, signal }) {
      refuseAborted(signal);
      checkCollection(collection);
      const accepted = checkChunks(chunks, rules);
      const added = countNew(accepted, collection, blocks);
      checkCapacity([...added.values()].reduce((sum, count) => sum + count, 0));
      if (memory !== undefined) reserve(added, { collection, blocks, memory });
      const time = new Date(now());
      for (const chunk of accepted)
        blocks.put(collection, toStored(chunk, { createdAt: time, updatedAt: time }), chunk.embedding);
      return { upserted: accepted.map(({ id }) => id), failed: [] };
    },

    async query(query) {
      refuseAborted(query.signal);
      checkQuery(query, rules);
      const { vector, topK, minScore, filter } = query;
      const block = blocks.find(query);
      if (block === undefined) return [];
      const found = block.vectors.search({ vector, topK, minScore, filter });
      return found.map(({ chunk, score }) => toResult(block, chunk, score, query.withEmbeddings));
    },

    async searchText(query) {
      refuseAborted(query.signal);
      checkTextQuery(query);
      const { text, topK, filter } = query;
      const block = blocks.find(query);
      if (block === undefined) return [];
      const { vectors } = block;
      const words = block.words();
      await words.prepare();
      refuseAborted(query.signal);
      const matches = filter === undefined ? undefined : compileFilter(filter);
      const accepts = matches && ((id: string): boolean => matches((vectors.get(id) as StoredChunk).metadata));
      return words
        .search({ text, topK, accepts })
        .map(({ id, score }) => toResult(block, vectors.get(id) as StoredChunk, score, query.withEmbeddings));
    },

    async delete(selector, scope) {
      refuseAborted(scope.signal);
      checkScope(scope);
      checkSelector(selector);
      const block = blocks.find(scope);
      if (block === undefined) return { deleted: 0 };
      const deleted = selectIds(selector, block.vectors).filter((id) => blocks.remove(block, id)).length;
      return { deleted };
    },

    async listDocument(documentId, scope) {
      refuseAborted(scope.signal);
      checkScope(scope);
      checkId(documentId, 'document_id');
      const vectors = blocks.find(scope)?.vectors;
      if (vectors === undefined) return [];
      return vectors
        .idsOfDocument(documentId)
        .map((id) => vectors.get(id) as StoredChunk)
        .filter(({ index }) => scope.indexes === undefined || scope.indexes.includes(index))
        .map((chunk) => ({ ...copyChunk(chunk), embedding: vectors.embeddingOf(chunk.id) }))
        .sort((left, right) => left.index - right.index);
    },

    async count(scope) {
      refuseAborted(scope.signal);
      checkScope(scope);
      return blocks.find(scope)?.vectors.size ?? 0;
    },

    async heldModel({ collection, signal }) {
      refuseAborted(signal);
      checkCollection(collection);
      for (const block of blocks.all()) {
        if (block.collection !== collection) continue;
        for (const { embeddingModel } of block.vectors.chunks()) return embeddingModel;
      }
      return undefined;
    },

    async ready() {},

    async close() {
      blocks.clear();
    },
  };
  return { store, blocks };
}

/** By tenant: how many of the chunks are not there yet. */
function countNew(
  chunks: readonly Pick<Chunk, 'id' | 'tenant'>[],
  collection: string,
  blocks: MemoryBlocks,
): Map<string | null, number> {
  const added = new Map<string | null, number>();
  for (const { id, tenant } of chunks) {
    const isNew = !blocks.find({ collection, tenant })?.vectors.has(id);
    added.set(tenant, (added.get(tenant) ?? 0) + (isNew ? 1 : 0));
  }
  return added;
}

/** Memory for all of a call's chunks, before the first of them is put. @throws AppError `quota_exceeded`. */
function reserve(
  added: ReadonlyMap<string | null, number>,
  { collection, blocks, memory }: { collection: string; blocks: MemoryBlocks; memory: SimdMemory },
): void {
  let segments = 0;
  for (const [tenant, count] of added) {
    segments += blocks.find({ collection, tenant })?.vectors.segmentsFor(count) ?? segmentsOf(count);
  }
  memory.reserve(segments);
}

function selectIds(selector: DeleteSelector, block: VectorBlock): readonly string[] {
  if ('ids' in selector) return selector.ids;
  if ('documentId' in selector) return block.idsOfDocument(selector.documentId);
  return block.idsMatching(selector.filter);
}

/** Field by field, so that all of them have one shape and are small and fast to make. */
function toStored(
  chunk: Omit<Chunk, 'embedding'>,
  { createdAt, updatedAt }: Pick<StoredChunk, 'createdAt' | 'updatedAt'>,
): StoredChunk {
  return {
    id: chunk.id,
    documentId: chunk.documentId,
    index: chunk.index,
    content: chunk.content,
    contentHash: chunk.contentHash,
    embeddingModel: chunk.embeddingModel,
    metadata: copyMetadata(chunk.metadata),
    tenant: chunk.tenant,
    createdAt,
    updatedAt,
  };
}

/** All of what a search gives is copied. */
function copyChunk(chunk: StoredChunk): StoredChunk {
  const { createdAt, updatedAt } = chunk;
  return toStored(chunk, { createdAt: new Date(createdAt.getTime()), updatedAt: new Date(updatedAt.getTime()) });
}

function toResult({ vectors }: MemoryBlock, chunk: StoredChunk, score: number, withEmbedding = false): ScoredChunk {
  const embedding = withEmbedding ? { embedding: vectors.embeddingOf(chunk.id) } : undefined;
  return Object.assign(copyChunk(chunk), { score }, embedding);
}
