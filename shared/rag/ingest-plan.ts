import type { Chunk, EmbeddedChunk, Metadata } from '../contracts/vector-store.ts';
import type { TextChunk } from './chunk.ts';
import { sha256, toDocumentKey } from './document-key.ts';

/** A vector, and what made it. */
export interface MarkedVector {
  readonly embedding: Float32Array;
  readonly embeddingModel: string;
}

/** A chunk of a text, with the page it begins on where the document has pages. */
export type TextPiece = TextChunk & { readonly page?: number };

export interface PlanInput {
  readonly pieces: readonly TextPiece[];
  /** What the store holds of the document now. */
  readonly stored: readonly EmbeddedChunk[];
  readonly documentId: string;
  readonly tenant: string | null;
  readonly metadata: Metadata;
}

/** A text of the document, which one or more of its chunks have. */
export interface PlannedText {
  readonly contentHash: string;
  readonly content: string;
}

export interface Plan {
  /** The distinct texts that neither the store nor the caller has a current vector of. */
  missing(isCurrent: (embeddingModel: string) => boolean): PlannedText[];
  /** The chunks of a text with its new vector. From now on the text is not missing. */
  place(contentHash: string, vector: MarkedVector): Chunk[];
  /** How many chunks have that text. */
  count(contentHash: string): number;
  /** Chunks whose vector is stored, but whose place in the document or metadata is another, or whose words are not there. */
  moved(): Chunk[];
  /** Ids of stored chunks that the document has no more. */
  readonly stale: readonly string[];
}

/**
 * What separates the stored chunks from the wanted ones. Ids are made of the content's hash, so that a chunk that only
 * moved keeps its id and its vector; the same text twice in a document is told apart by its occurrence.
 */
export function planChunks({ pieces, stored, documentId, tenant, metadata }: PlanInput): Plan {
  const key = toDocumentKey(documentId, tenant);
  const storedById = new Map(stored.map((chunk) => [chunk.id, chunk]));
  const vectors = new Map<string, MarkedVector>(stored.map((chunk) => [chunk.contentHash, chunk]));
  const placed = new Set<string>();

  const wanted = new Map<string, Omit<Chunk, 'embedding' | 'embeddingModel'>[]>();
  for (const piece of pieces) {
    const contentHash = sha256(piece.content);
    const equal = wanted.get(contentHash) ?? [];
    wanted.set(contentHash, equal);
    equal.push({
      id: `${key}-${contentHash.slice(0, 16)}-${equal.length}`,
      documentId,
      tenant,
      contentHash,
      index: piece.index,
      content: piece.content,
      metadata: toMetadata(metadata, piece, pieces.length),
    });
  }
  const wantedIds = new Set(Array.from(wanted.values()).flatMap((chunks) => chunks.map(({ id }) => id)));

  return {
    stale: stored.map(({ id }) => id).filter((id) => !wantedIds.has(id)),
    missing: (isCurrent) =>
      Array.from(wanted).flatMap(([contentHash, [chunk]]) => {
        const vector = vectors.get(contentHash);
        if (chunk === undefined || (vector !== undefined && isCurrent(vector.embeddingModel))) return [];
        return [{ contentHash, content: chunk.content }];
      }),
    place(contentHash, vector) {
      vectors.set(contentHash, vector);
      placed.add(contentHash);
      return (wanted.get(contentHash) ?? []).map((chunk) => ({ ...chunk, ...vector }));
    },
    count: (contentHash) => wanted.get(contentHash)?.length ?? 0,
    moved: () =>
      Array.from(wanted).flatMap(([contentHash, chunks]) => {
        const known = vectors.get(contentHash);
        if (known === undefined || placed.has(contentHash)) return [];
        const vector: MarkedVector = { embedding: known.embedding, embeddingModel: known.embeddingModel };
        return chunks
          .map((chunk): Chunk => ({ ...chunk, ...vector }))
          .filter((chunk) => !isSame(chunk, storedById.get(chunk.id)));
      }),
  };
}

function toMetadata(metadata: Metadata, { start, end, headings, index, page }: TextPiece, count: number): Metadata {
  return {
    ...(headings.length > 0 ? { headings: headings.join(' > ') } : {}),
    ...(page === undefined ? {} : { page }),
    ...metadata,
    // `checkDocumentMetadata` keeps these names free.
    start,
    end,
    chunk_index: index,
    chunk_count: count,
  };
}

function isSame(chunk: Chunk, stored: EmbeddedChunk | undefined): boolean {
  return (
    stored !== undefined &&
    !stored.lacksWords &&
    stored.index === chunk.index &&
    stored.embeddingModel === chunk.embeddingModel &&
    stored.content === chunk.content &&
    toCanonicalJson(stored.metadata) === toCanonicalJson(chunk.metadata)
  );
}

/** Stores and callers give fields in an order of their own. */
export function toCanonicalJson(metadata: Metadata): string {
  return JSON.stringify(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)));
}
