import type { DocumentData, DocumentSnapshot } from '@google-cloud/firestore';
import { AppError } from '../../contracts/app-error.ts';
import type { Chunk, Metadata, StoredChunk } from '../../contracts/vector-store.ts';
import type { FirestoreSdk } from '../firestore-client.ts';
import { idFromKey, isReadableFromKey } from '../firestore-keys.ts';

/** Fields of a result; without `embedding`, which is most of a document's weight and which a search does not need. */
export const RESULT_FIELDS = [
  'chunkId',
  'content',
  'documentId',
  'index',
  'contentHash',
  'embeddingModel',
  'metadata',
  'tenant',
  'createdAt',
  'updatedAt',
] as const;

/**
 * Firestore's limits: a document's size, and the size of one text in it
 * (https://firebase.google.com/docs/firestore/quotas).
 */
const MAX_DOCUMENT_BYTES = 1_048_576;
const MAX_TEXT_BYTES = 1_048_487;
/** Names of the fields, the document's own name, and what is fixed in size; rounded up. */
const FIXED_BYTES = 1_024;
const BYTES_PER_STORED_DIMENSION = 8;
const BYTES_PER_SENT_DIMENSION = 11;

/** A chunk, and what its words are found by. */
export interface FirestoreChunk extends Chunk {
  readonly lexical?: Float32Array;
}

/** The Firestore document of a chunk, without `createdAt`, which a replacement keeps. */
export function toDocument(chunk: FirestoreChunk, sdk: FirestoreSdk, updatedAt: Date): DocumentData {
  return {
    ...(isReadableFromKey(chunk.id) ? {} : { chunkId: chunk.id }),
    content: chunk.content,
    documentId: chunk.documentId,
    index: chunk.index,
    contentHash: chunk.contentHash,
    embeddingModel: chunk.embeddingModel,
    metadata: chunk.metadata,
    tenant: chunk.tenant,
    updatedAt,
    embedding: sdk.FieldValue.vector(toNumbers(chunk.embedding)),
    ...(chunk.lexical === undefined ? {} : { lexical: sdk.FieldValue.vector(toNumbers(chunk.lexical)) }),
  };
}

/** A chunk from its document. Fields that a document of other origin lacks are empty. */
export function fromDocument(snapshot: DocumentSnapshot): StoredChunk {
  const data = snapshot.data() ?? {};
  const id = textOf(data.chunkId) ?? idFromKey(snapshot.id) ?? snapshot.id;
  return {
    id,
    documentId: textOf(data.documentId) ?? id,
    index: typeof data.index === 'number' ? data.index : 0,
    content: textOf(data.content) ?? '',
    contentHash: textOf(data.contentHash) ?? '',
    embeddingModel: textOf(data.embeddingModel) ?? '',
    metadata: (data.metadata ?? {}) as Metadata,
    tenant: textOf(data.tenant) ?? null,
    createdAt: dateOf(data.createdAt),
    updatedAt: dateOf(data.updatedAt),
  };
}

export function embeddingFromDocument(snapshot: DocumentSnapshot): Float32Array {
  const value: unknown = snapshot.get('embedding');
  return isVector(value) ? Float32Array.from(value.toArray()) : new Float32Array(0);
}

/** About how many bytes a chunk adds to a request. */
export function sentBytes(chunk: FirestoreChunk): number {
  const dimensions = chunk.embedding.length + (chunk.lexical?.length ?? 0);
  return textAndMetadataBytes(chunk) + dimensions * BYTES_PER_SENT_DIMENSION + FIXED_BYTES;
}

/** @throws AppError `too_large` for a chunk that Firestore could not hold in one document. */
export function checkDocumentSize(chunk: Chunk, dimensions: number): void {
  const bytes = textAndMetadataBytes(chunk) + dimensions * BYTES_PER_STORED_DIMENSION + FIXED_BYTES;
  if (bytes > MAX_DOCUMENT_BYTES || Buffer.byteLength(chunk.content) > MAX_TEXT_BYTES) {
    throw new AppError(
      'too_large',
      `The chunk takes about ${bytes} bytes, and a Firestore document holds ${MAX_DOCUMENT_BYTES}. Use smaller chunks or less metadata.`,
      { param: 'content' },
    );
  }
}

/**
 * Firestore's cosine of a zero vector is no number: it would be found after all others, and be lost under a lowest
 * score.
 * @throws AppError `invalid_request`.
 */
export function checkDirection({ embedding }: Chunk): void {
  if (embedding.some((value) => value !== 0)) return;
  throw new AppError(
    'invalid_request',
    'The vector is all zeros, which has no direction, and Firestore cannot compare it by cosine. Leave the chunk out.',
    { param: 'embedding' },
  );
}

/** A plain array of the values. `Array.from` goes through an iterator and takes twelve times as long. */
function toNumbers(vector: Float32Array): number[] {
  const numbers = new Array<number>(vector.length);
  for (let place = 0; place < vector.length; place += 1) numbers[place] = vector[place] as number;
  return numbers;
}

function textAndMetadataBytes(chunk: Chunk): number {
  let bytes = Buffer.byteLength(chunk.content) + 2 * Buffer.byteLength(chunk.id) + Buffer.byteLength(chunk.documentId);
  for (const [key, value] of Object.entries(chunk.metadata)) {
    bytes += Buffer.byteLength(key) + 8;
    for (const item of Array.isArray(value) ? value : [value]) {
      bytes += typeof item === 'string' ? Buffer.byteLength(item) + 8 : 16;
    }
  }
  return bytes;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function dateOf(value: unknown): Date {
  const isTimestamp = typeof value === 'object' && value !== null && 'toDate' in value;
  return isTimestamp ? (value as { toDate(): Date }).toDate() : new Date(0);
}

function isVector(value: unknown): value is { toArray(): number[] } {
  return typeof value === 'object' && value !== null && 'toArray' in value;
}
