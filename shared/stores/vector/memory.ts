import { AppError } from '../../contracts/app-error.ts';
import type {
  DeleteSelector,
  ScoredChunk,
  StoredChunk,
  StoreScope,
  VectorStore,
} from '../../contracts/vector-store.ts';
import { createTermReader } from '../../text/search-terms.ts';
import { refuseAborted } from '../abort.ts';
import { type BlockWords, createBlockWords } from './block-words.ts';
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
import { copyMetadata } from './metadata-rules.ts';
import { createVectorBlock, type VectorBlock } from './vector-block.ts';

const MAX_DIMENSIONS = 16_384;

export interface MemoryVectorStoreOptions {
  readonly dimensions: number;
  /** Most chunks the store holds, over all collections and tenants. Default 10,000. */
  readonly maxDocuments?: number;
  /** Milliseconds since the epoch, for the times of the chunks. */
  readonly now?: () => number;
}

interface Block {
  readonly vectors: VectorBlock;
  /** There once somebody has searched the block by words. */
  words?: BlockWords;
}

/**
 * Exact cosine search, and exact BM25 by words, over chunks held in this process. For development and small sets: it is empty after every start,
 * and two instances do not share it.
 */
export function createMemoryVectorStore({
  dimensions,
  maxDocuments = 10_000,
  now = Date.now,
}: MemoryVectorStoreOptions): VectorStore {
  checkDimensions(dimensions, MAX_DIMENSIONS);
  const rules = { dimensions, scores: 'unit' } as const;
  const readTerms = createTermReader();
  const blocks = new Map<string, Block>();

  const find = ({ collection, tenant }: StoreScope): Block | undefined => blocks.get(keyOf(collection, tenant));
  const findOrCreate = (collection: string, tenant: string | null): Block => {
    const key = keyOf(collection, tenant);
    const block = blocks.get(key) ?? { vectors: createVectorBlock(dimensions) };
    blocks.set(key, block);
    return block;
  };
  const total = (): number => [...blocks.values()].reduce((sum, { vectors }) => sum + vectors.size, 0);

  return {
    id: 'memory',
    capabilities: { filters: ALL_FILTER_OPERATORS, maxDimensions: MAX_DIMENSIONS, maxTopK: MAX_TOP_K },

    async upsert(chunks, { collection, signal }) {
      refuseAborted(signal);
      checkCollection(collection);
      const accepted = checkChunks(chunks, rules);
      const added = accepted.filter(({ id, tenant }) => !blocks.get(keyOf(collection, tenant))?.vectors.has(id)).length;
      if (total() + added > maxDocuments) {
        throw new AppError(
          'quota_exceeded',
          `The in-memory vector store is full: it holds at most ${maxDocuments} chunks. ` +
            'Raise vectorstore.memory.max_documents, or use another vector store.',
          { retryable: false },
        );
      }
      const time = now();
      for (const { embedding, ...chunk } of accepted) {
        const { vectors, words } = findOrCreate(collection, chunk.tenant);
        const createdAt = vectors.get(chunk.id)?.createdAt ?? new Date(time);
        vectors.put(copyChunk({ ...chunk, createdAt, updatedAt: new Date(time) }), embedding);
        words?.put(chunk);
      }
      return { upserted: accepted.map(({ id }) => id), failed: [] };
    },

    async query(query) {
      refuseAborted(query.signal);
      checkQuery(query, rules);
      const { vector, topK, minScore, filter } = query;
      const block = find(query);
      if (block === undefined) return [];
      const found = block.vectors.search({ vector, topK, minScore, filter });
      return found.map(({ chunk, score }) => toResult(block, chunk, score, query.withEmbeddings));
    },

    async searchText(query) {
      refuseAborted(query.signal);
      checkTextQuery(query);
      const { text, topK, filter } = query;
      const block = find(query);
      if (block === undefined) return [];
      const { vectors } = block;
      block.words ??= createBlockWords({ chunks: vectors.chunks(), readTerms });
      const { words } = block;
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
      const block = find(scope);
      if (block === undefined) return { deleted: 0 };
      const { vectors, words } = block;
      const deleted = selectIds(selector, vectors).filter((id) => {
        words?.remove(id);
        return vectors.remove(id);
      }).length;
      if (vectors.size === 0) blocks.delete(keyOf(scope.collection, scope.tenant));
      return { deleted };
    },

    async listDocument(documentId, scope) {
      refuseAborted(scope.signal);
      checkScope(scope);
      checkId(documentId, 'document_id');
      const vectors = find(scope)?.vectors;
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
      return find(scope)?.vectors.size ?? 0;
    },

    async ready() {},

    async close() {
      blocks.clear();
    },
  };
}

/** Collection names hold no colon, so this cannot be ambiguous; a tenant called "null" is not the null tenant. */
function keyOf(collection: string, tenant: string | null): string {
  return tenant === null ? collection : `${collection}:${tenant}`;
}

function selectIds(selector: DeleteSelector, block: VectorBlock): readonly string[] {
  if ('ids' in selector) return selector.ids;
  if ('documentId' in selector) return block.idsOfDocument(selector.documentId);
  return block.idsMatching(selector.filter);
}

function toResult({ vectors }: Block, chunk: StoredChunk, score: number, withEmbedding = false): ScoredChunk {
  const result = { ...copyChunk(chunk), score };
  return withEmbedding ? { ...result, embedding: vectors.embeddingOf(chunk.id) } : result;
}

function copyChunk(chunk: StoredChunk): StoredChunk {
  return {
    ...chunk,
    metadata: copyMetadata(chunk.metadata),
    createdAt: new Date(chunk.createdAt),
    updatedAt: new Date(chunk.updatedAt),
  };
}
