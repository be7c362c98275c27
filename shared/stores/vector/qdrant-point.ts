import { createHash } from 'node:crypto';
import type { Chunk, Metadata, StoredChunk, StoreScope } from '../../contracts/vector-store.ts';
import { type FilterFields, toFilterFields } from './qdrant-filter.ts';
import { toScopeKey } from './scope-sizes.ts';

/** A namespace of our own for ids made of names (RFC 9562, version 5). */
const NAMESPACE = Buffer.from('5f0c3a52c1de4c8f9d0b7f3f0e6a2b41', 'hex');

/** What a point carries. `scope` names its collection and tenant together; `embedding` is the vector as it was given, in base64. */
export interface QdrantPayload extends FilterFields {
  readonly scope: string;
  readonly collection: string;
  readonly tenant: string | null;
  readonly chunk_id: string;
  readonly document_id: string;
  readonly index: number;
  readonly content: string;
  readonly content_hash: string;
  readonly embedding_model: string;
  readonly metadata: Metadata;
  readonly embedding: string;
  readonly created_at: string;
  readonly updated_at: string;
}

/** A point's payload, as far as it was asked for. */
export interface QdrantRecord {
  readonly id: string;
  readonly payload: QdrantPayload;
}

/** Fields of a result; `embedding` is most of a point's weight, and a search does not need it. */
export const RESULT_FIELDS = [
  'tenant',
  'chunk_id',
  'document_id',
  'index',
  'content',
  'content_hash',
  'embedding_model',
  'metadata',
  'created_at',
  'updated_at',
] as const;

/** Qdrant takes numbers and UUIDs for ids: the UUID of the scope and the chunk's own id. */
export function toPointId(id: string, scope: Pick<StoreScope, 'collection' | 'tenant'>): string {
  const bytes = createHash('sha1')
    .update(NAMESPACE)
    .update(`${toScopeKey(scope)}/${id}`)
    .digest()
    .subarray(0, 16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

export function toPayload(
  chunk: Chunk,
  { collection, createdAt, updatedAt }: { collection: string; createdAt: string; updatedAt: string },
): QdrantPayload {
  const { buffer, byteOffset, byteLength } = chunk.embedding;
  return {
    scope: toScopeKey({ collection, tenant: chunk.tenant }),
    collection,
    tenant: chunk.tenant,
    chunk_id: chunk.id,
    document_id: chunk.documentId,
    index: chunk.index,
    content: chunk.content,
    content_hash: chunk.contentHash,
    embedding_model: chunk.embeddingModel,
    metadata: chunk.metadata,
    ...toFilterFields(chunk.metadata),
    embedding: Buffer.from(buffer, byteOffset, byteLength).toString('base64'),
    created_at: createdAt,
    updated_at: updatedAt,
  };
}

export function fromPayload(payload: QdrantPayload): StoredChunk {
  return {
    id: payload.chunk_id,
    documentId: payload.document_id,
    index: payload.index,
    content: payload.content,
    contentHash: payload.content_hash,
    embeddingModel: payload.embedding_model,
    metadata: payload.metadata,
    tenant: payload.tenant,
    createdAt: new Date(payload.created_at),
    updatedAt: new Date(payload.updated_at),
  };
}

export function embeddingFromPayload({ embedding }: Pick<QdrantPayload, 'embedding'>): Float32Array {
  const bytes = Buffer.from(embedding, 'base64');
  const vector = new Float32Array(bytes.length / Float32Array.BYTES_PER_ELEMENT);
  new Uint8Array(vector.buffer).set(bytes);
  return vector;
}
