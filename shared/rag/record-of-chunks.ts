import type { DocumentScope, IngestionRecord } from '../contracts/document-store.ts';
import type { StoredChunk } from '../contracts/vector-store.ts';

/**
 * What the stored chunks of a document say became of it, for records that did not survive: they are kept in the memory
 * of a process where documents are not kept in Firestore. Undefined when there are no chunks.
 */
export function recordOfChunks(
  documentId: string,
  { collection, tenant }: DocumentScope,
  chunks: readonly StoredChunk[],
): IngestionRecord | undefined {
  if (chunks.length === 0) return undefined;
  const isWhole = chunks.every(isInPlace);
  return {
    documentId,
    collection,
    tenant,
    state: isWhole ? 'ready' : 'failed',
    chunks: chunks.length,
    contentHash: '',
    ...(isWhole
      ? {}
      : {
          error: {
            code: 'server_error',
            message:
              'Its chunks are not all of one version: its ingestion was cut off, or is under way. Send it again.',
          },
        }),
    updatedAt: new Date(Math.max(...chunks.map(({ updatedAt }) => updatedAt.getTime()))),
  };
}

/** By ascending index, the chunks of one version follow each other, and each knows how many there are. */
function isInPlace({ index, metadata }: StoredChunk, place: number, { length }: readonly StoredChunk[]): boolean {
  // Chunks that a program stored through the library have no `chunk_count`: each is its own document.
  return index === place && (metadata.chunk_count ?? 1) === length;
}
