import type { ErrorCode } from './app-error.ts';
import type { Metadata } from './vector-store.ts';

/** A document as users write it, before it is cut into chunks. */
export interface SourceDocument {
  readonly id: string;
  readonly text: string;
  /** Media type of `text`; default `text/plain`. */
  readonly contentType?: string;
  readonly title?: string;
  readonly source?: string;
  readonly metadata?: Metadata;
  readonly collection?: string;
  readonly tenant?: string | null;
}

export type IngestionState = 'processing' | 'ready' | 'failed' | 'deleted';

/** What became of a document. Kept apart from the documents, so that our own writes never trigger ingestion. */
export interface IngestionRecord {
  readonly documentId: string;
  readonly collection: string;
  readonly tenant: string | null;
  readonly state: IngestionState;
  readonly chunks: number;
  /** SHA-256 over everything that decides the chunks and vectors: text, metadata, chunking, embedding model. */
  readonly contentHash: string;
  readonly error?: { readonly code: ErrorCode; readonly message: string };
  readonly updatedAt: Date;
}

export interface DocumentScope {
  readonly collection: string;
  readonly tenant: string | null;
}

/** Documents and the state of their ingestion. A missing id gives undefined, and deleting one is not an error. */
export interface DocumentStore {
  readonly id: string;
  getDocument(id: string): Promise<SourceDocument | undefined>;
  putDocument(document: SourceDocument): Promise<void>;
  deleteDocument(id: string): Promise<void>;
  getIngestion(documentId: string, scope: DocumentScope): Promise<IngestionRecord | undefined>;
  putIngestion(record: IngestionRecord): Promise<void>;
  deleteIngestion(documentId: string, scope: DocumentScope): Promise<void>;
  close(): Promise<void>;
}
