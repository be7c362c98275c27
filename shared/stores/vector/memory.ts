import { AppError } from '../../contracts/app-error.ts';
import type { DeleteSelector, StoredChunk, StoreScope, VectorStore } from '../../contracts/vector-store.ts';
import { refuseAborted } from '../abort.ts';
import {
  checkChunks,
  checkCollection,
  checkDimensions,
  checkId,
  checkQuery,
  checkScope,
  checkSelector,
  MAX_TOP_K,
} from './chunk-rules.ts';
import { ALL_FILTER_OPERATORS } from './filter.ts';
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

/**
 * Exact cosine search over vectors held in this process. For development and small sets: it is empty after every start,
 * and two instances do not share it.
 */
export function createMemoryVectorStore({
  dimensions,
  maxDocuments = 10_000,
  now = Date.now,
}: MemoryVectorStoreOptions): VectorStore {
  checkDimensions(dimensions, MAX_DIMENSIONS);
  const rules = { dimensions, scores: 'unit' } as const;
  const blocks = new Map<string, VectorBlock>();

  const find = ({ collection, tenant }: StoreScope): VectorBlock | undefined => blocks.get(keyOf(collection, tenant));
  const findOrCreate = (collection: string, tenant: string | null): VectorBlock => {
    const key = keyOf(collection, tenant);
    const block = blocks.get(key) ?? createVectorBlock(dimensions);
    blocks.set(key, block);
    return block;
  };
  const total = (): number => [...blocks.values()].reduce((sum, block) => sum + block.size, 0);

  return {
    id: 'memory',
    capabilities: { filters: ALL_FILTER_OPERATORS, maxDimensions: MAX_DIMENSIONS, maxTopK: MAX_TOP_K },

    async upsert(chunks, { collection, signal }) {
      refuseAborted(signal);
      checkCollection(collection);
      const accepted = checkChunks(chunks, rules);
      const added = accepted.filter(({ id, tenant }) => !blocks.get(keyOf(collection, tenant))?.has(id)).length;
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
        const block = findOrCreate(collection, chunk.tenant);
        const createdAt = block.get(chunk.id)?.createdAt ?? new Date(time);
        block.put(copyChunk({ ...chunk, createdAt, updatedAt: new Date(time) }), embedding);
      }
      return { upserted: accepted.map(({ id }) => id), failed: [] };
    },

    async query(query) {
      refuseAborted(query.signal);
      checkQuery(query, rules);
      const { vector, topK, minScore, filter } = query;
      const found = find(query)?.search({ vector, topK, minScore, filter }) ?? [];
      return found.map(({ chunk, score }) => ({ ...copyChunk(chunk), score }));
    },

    async delete(selector, scope) {
      refuseAborted(scope.signal);
      checkScope(scope);
      checkSelector(selector);
      const block = find(scope);
      if (block === undefined) return { deleted: 0 };
      const deleted = selectIds(selector, block).filter((id) => block.remove(id)).length;
      if (block.size === 0) blocks.delete(keyOf(scope.collection, scope.tenant));
      return { deleted };
    },

    async listDocument(documentId, scope) {
      refuseAborted(scope.signal);
      checkScope(scope);
      checkId(documentId, 'document_id');
      const block = find(scope);
      if (block === undefined) return [];
      return block
        .idsOfDocument(documentId)
        .map((id) => ({ ...copyChunk(block.get(id) as StoredChunk), embedding: block.embeddingOf(id) }))
        .sort((left, right) => left.index - right.index);
    },

    async count(scope) {
      refuseAborted(scope.signal);
      checkScope(scope);
      return find(scope)?.size ?? 0;
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

function copyChunk(chunk: StoredChunk): StoredChunk {
  return {
    ...chunk,
    metadata: copyMetadata(chunk.metadata),
    createdAt: new Date(chunk.createdAt),
    updatedAt: new Date(chunk.updatedAt),
  };
}
