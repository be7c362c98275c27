import type { AppError } from './app-error.ts';
import type { Filter, FilterOperator, FilterValue } from './filter.ts';

/** Flat, JSON-like metadata. Keys: 1 to 256 characters, no `$`, no `.`. */
export type Metadata = Readonly<Record<string, FilterValue | null | readonly FilterValue[]>>;

/** One searchable piece of a document. */
export interface Chunk {
  /** 1 to 512 characters; no slash, backslash or control character; not `.`, `..` or `__x__`. */
  readonly id: string;
  readonly documentId: string;
  /** Position among the chunks of its document, from 0. */
  readonly index: number;
  readonly content: string;
  readonly embedding: Float32Array;
  /** SHA-256 of the content, hexadecimal. */
  readonly contentHash: string;
  /** `provider/model@dimensions` of the embedding: another value is another vector space. */
  readonly embeddingModel: string;
  readonly metadata: Metadata;
  /** Owner of the chunk; null is the data that belongs to no tenant. */
  readonly tenant: string | null;
}

export type StoredChunk = Omit<Chunk, 'embedding'> & { readonly createdAt: Date; readonly updatedAt: Date };

/** A chunk with its vector, so that unchanged text is never embedded again. */
export type EmbeddedChunk = StoredChunk & {
  readonly embedding: Float32Array;
  /** It was stored before the store was set up to rank by words, which find it only once it is stored again. */
  readonly lacksWords?: true;
};

export type ScoredChunk = StoredChunk & {
  /** Cosine similarity in [-1, 1] unless the store is configured otherwise; higher is better. */
  readonly score: number;
  /** Only where the query asked for it and the store can tell without reading more. */
  readonly embedding?: Float32Array;
};

/** Where a call looks. Collections are separate vector spaces; `default` is the one used when nobody names one. */
export interface StoreScope {
  readonly collection: string;
  /** Mandatory: null sees only what belongs to no tenant. */
  readonly tenant: string | null;
  readonly signal?: AbortSignal;
}

export interface VectorQuery extends StoreScope {
  readonly vector: Float32Array;
  /** The query's text, for stores that rank lexically as well. */
  readonly text?: string;
  /** 1 to 1,000. */
  readonly topK: number;
  /** Results below it are left out; equal is kept. */
  readonly minScore?: number;
  readonly filter?: Filter;
  /** Have the results carry their vectors. A store may leave them out. */
  readonly withEmbeddings?: boolean;
}

/** A search by words: no vector, and no lowest score, because the scores of words have no scale of their own. */
export type TextQuery = Omit<VectorQuery, 'vector' | 'text' | 'minScore'> & { readonly text: string };

export interface UpsertReport {
  readonly upserted: readonly string[];
  /** Chunks the backend refused one by one. The rest is stored. */
  readonly failed: readonly { readonly id: string; readonly error: AppError }[];
}

export type DeleteSelector =
  | { readonly ids: readonly string[] }
  | { readonly documentId: string }
  | { readonly filter: Filter };

export interface VectorStoreCapabilities {
  readonly filters: ReadonlySet<FilterOperator>;
  readonly maxDimensions: number;
  readonly maxTopK: number;
}

export interface VectorStore {
  readonly id: string;
  readonly capabilities: VectorStoreCapabilities;

  /**
   * Inserts or replaces by id; `createdAt` of a replaced chunk is kept. The whole input is checked first: bad ids, NaN,
   * a wrong dimension, empty content or metadata refuse the call and nothing of it is stored.
   * All writes have been acknowledged by the backend when this resolves.
   * @throws AppError `invalid_request`, `too_large`, `quota_exceeded` (capacity), `configuration`, `network`, …
   */
  upsert(
    chunks: readonly Chunk[],
    scope: { readonly collection: string; readonly signal?: AbortSignal },
  ): Promise<UpsertReport>;

  /** Best first, ties by id, at most `topK`. @throws AppError `invalid_request`, `unsupported`, `configuration`. */
  query(query: VectorQuery): Promise<ScoredChunk[]>;

  /**
   * The chunks that share words with the text, best first, ties by id, at most `topK`. Chunks that share none are never
   * among them. Scores are above 0 and comparable within one answer alone. Absent when the store cannot rank by words.
   * @throws as `query`.
   */
  searchText?(query: TextQuery): Promise<ScoredChunk[]>;

  /** Removes exactly what is selected; ids that do not exist are skipped. */
  delete(selector: DeleteSelector, scope: StoreScope): Promise<{ readonly deleted: number }>;

  /**
   * The chunks of one document by ascending index, with their vectors.
   * `indexes`, at most 30, says which of them are wanted; a store may give others as well.
   */
  listDocument(
    documentId: string,
    scope: StoreScope & { readonly indexes?: readonly number[] },
  ): Promise<EmbeddedChunk[]>;

  count(scope: StoreScope): Promise<number>;

  /**
   * What made the vectors of a collection, over all tenants: the `embeddingModel` of one of its chunks, the same one each
   * time while nothing is written or removed. Undefined for a collection without chunks. One read, whatever its size.
   */
  heldModel(scope: Omit<StoreScope, 'tenant'>): Promise<string | undefined>;

  /** Resolves when the backend can be reached and used. @throws AppError saying what is wrong. */
  ready(): Promise<void>;

  close(): Promise<void>;
}
