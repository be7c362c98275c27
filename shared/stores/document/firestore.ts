import type { DocumentData, DocumentReference } from '@google-cloud/firestore';
import { AppError, ERROR_CODES, type ErrorCode } from '../../contracts/app-error.ts';
import type { DocumentStore, IngestionRecord, IngestionState, SourceDocument } from '../../contracts/document-store.ts';
import type { Metadata } from '../../contracts/vector-store.ts';
import { createFirestoreClient, type FirestoreClientOptions } from '../firestore-client.ts';
import { toCollectionKey } from '../firestore-keys.ts';

export interface FirestoreDocumentStoreOptions extends FirestoreClientOptions {
  /** Firestore collection that users write documents to. Default `documents`. */
  readonly documentsCollection?: string;
  /** Firestore collection of the ingestion records. Never the documents' own. Default `ingestions`. */
  readonly ingestionsCollection?: string;
}

/** Documents as users write them to Firestore, and what became of them. */
export function createFirestoreDocumentStore({
  documentsCollection = 'documents',
  ingestionsCollection = 'ingestions',
  ...clientOptions
}: FirestoreDocumentStoreOptions = {}): DocumentStore {
  if (documentsCollection === ingestionsCollection) {
    throw new AppError(
      'configuration',
      'Documents and ingestion records need two collections: a record beside the documents would start its own ingestion.',
    );
  }
  const client = createFirestoreClient(clientOptions);

  /** Runs one operation on one document of a collection. */
  const on = <T>(
    collection: string,
    key: string,
    operation: (reference: DocumentReference) => Promise<T>,
  ): Promise<T> => client.run(({ firestore }) => operation(firestore.collection(collection).doc(key)));

  return {
    id: 'firestore',
    async getDocument(id) {
      const data = (await on(documentsCollection, checkKey(id), (reference) => reference.get())).data();
      return data === undefined ? undefined : toSourceDocument(id, data);
    },
    async putDocument({ id, ...document }) {
      await on(documentsCollection, checkKey(id), (reference) => reference.set(withoutUndefined(document)));
    },
    async deleteDocument(id) {
      await on(documentsCollection, checkKey(id), (reference) => reference.delete());
    },
    async getIngestion(documentId, { collection, tenant }) {
      const key = toCollectionKey(checkKey(documentId), collection, tenant);
      const data = (await on(ingestionsCollection, key, (reference) => reference.get())).data();
      return data === undefined ? undefined : toIngestionRecord(data);
    },
    async putIngestion(record) {
      const key = toCollectionKey(checkKey(record.documentId), record.collection, record.tenant);
      await on(ingestionsCollection, key, (reference) => reference.set(withoutUndefined({ ...record })));
    },
    async deleteIngestion(documentId, { collection, tenant }) {
      const key = toCollectionKey(checkKey(documentId), collection, tenant);
      await on(ingestionsCollection, key, (reference) => reference.delete());
    },
    close: () => client.close(),
  };
}

/** A slash would name a document of another collection. */
function checkKey(id: string): string {
  if (id === '' || id.includes('/') || id.includes('\\')) {
    throw new AppError('invalid_request', 'A document id is not empty and holds no slash or backslash.', {
      param: 'id',
    });
  }
  return id;
}

/** Users write these by hand, so a field of the wrong type is named instead of passed on. */
function toSourceDocument(id: string, data: DocumentData): SourceDocument {
  if (typeof data.text !== 'string') {
    throw new AppError('invalid_request', 'A document needs its content as a string in the field "text".', {
      param: 'text',
    });
  }
  const text = (field: string): string | undefined => {
    const value: unknown = data[field] ?? undefined;
    if (value === undefined || typeof value === 'string') return value;
    throw new AppError('invalid_request', `The field "${field}" of a document is a string.`, { param: field });
  };
  const contentType = text('contentType');
  const title = text('title');
  const source = text('source');
  const collection = text('collection');
  const metadata = toMetadata(data.metadata);
  return {
    id,
    text: data.text,
    tenant: text('tenant') ?? null,
    ...(contentType !== undefined && { contentType }),
    ...(title !== undefined && { title }),
    ...(source !== undefined && { source }),
    ...(metadata !== undefined && { metadata }),
    ...(collection !== undefined && { collection }),
  };
}

/** Times become ISO 8601 text; what else metadata cannot hold is left for the vector store to refuse by name. */
function toMetadata(value: unknown): Metadata | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new AppError('invalid_request', 'The field "metadata" of a document is a map.', { param: 'metadata' });
  }
  const entries = Object.entries(value).map(([key, item]) => [key, isTime(item) ? item.toDate().toISOString() : item]);
  return Object.fromEntries(entries) as Metadata;
}

function toIngestionRecord(data: DocumentData): IngestionRecord {
  const error = data.error as { code?: unknown; message?: unknown } | undefined;
  return {
    documentId: String(data.documentId),
    collection: String(data.collection),
    tenant: typeof data.tenant === 'string' ? data.tenant : null,
    state: data.state as IngestionState,
    chunks: Number(data.chunks ?? 0),
    contentHash: String(data.contentHash ?? ''),
    ...(error !== undefined && { error: { code: toErrorCode(error.code), message: String(error.message ?? '') } }),
    updatedAt: isTime(data.updatedAt) ? data.updatedAt.toDate() : new Date(0),
  };
}

function toErrorCode(value: unknown): ErrorCode {
  return ERROR_CODES.find((code) => code === value) ?? 'server_error';
}

function isTime(value: unknown): value is { toDate(): Date } {
  return typeof value === 'object' && value !== null && 'toDate' in value;
}

function withoutUndefined(fields: Readonly<Record<string, unknown>>): DocumentData {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
