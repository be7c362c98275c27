import type { DocumentData, DocumentReference } from '@google-cloud/firestore';
import { AppError } from '../../contracts/app-error.ts';
import type { DocumentScope, DocumentStore } from '../../contracts/document-store.ts';
import type { IngestionJournal } from '../../contracts/ingestion-journal.ts';
import { createFirestoreClient, type FirestoreClientOptions, type FirestoreSdk } from '../firestore-client.ts';
import { toCollectionKey } from '../firestore-keys.ts';
import { fromSourceDocument, toSourceDocument, toSourceReading } from './firestore-document.ts';
import { swapDocument, toIngestionRecord, toVersionedEntry } from './firestore-journal.ts';

export interface FirestoreDocumentStoreOptions extends FirestoreClientOptions {
  /** Firestore collection that users write documents to. Default `documents`. */
  readonly documentsCollection?: string;
  /** Firestore collection of the ingestion records. Never the documents' own. Default `ingestions`. */
  readonly ingestionsCollection?: string;
  /** Field of a document that holds its text; dots lead into maps. Default `text`. */
  readonly textField?: string;
}

/** Documents as users write them to Firestore, and what became of them. */
export function createFirestoreDocumentStore({
  documentsCollection = 'documents',
  ingestionsCollection = 'ingestions',
  textField = 'text',
  ...clientOptions
}: FirestoreDocumentStoreOptions = {}): DocumentStore & IngestionJournal {
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
    operation: (reference: DocumentReference, sdk: FirestoreSdk) => Promise<T>,
  ): Promise<T> => client.run(({ firestore, sdk }) => operation(firestore.collection(collection).doc(key), sdk));

  const onRecord = <T>(
    documentId: string,
    { collection, tenant }: DocumentScope,
    operation: (reference: DocumentReference, sdk: FirestoreSdk) => Promise<T>,
  ): Promise<T> => on(ingestionsCollection, toCollectionKey(checkKey(documentId), collection, tenant), operation);

  const readData = async (id: string): Promise<DocumentData | undefined> =>
    (await on(documentsCollection, checkKey(id), (reference) => reference.get())).data();

  return {
    id: 'firestore',
    async getDocument(id) {
      const data = await readData(id);
      return data && toSourceDocument(id, data, textField);
    },
    async putDocument({ id, ...document }) {
      await on(documentsCollection, checkKey(id), (reference) =>
        reference.set(fromSourceDocument(document, textField)),
      );
    },
    async deleteDocument(id) {
      await on(documentsCollection, checkKey(id), (reference) => reference.delete());
    },
    async getIngestion(documentId, scope) {
      const data = (await onRecord(documentId, scope, (reference) => reference.get())).data();
      return data && toIngestionRecord(data);
    },
    async putIngestion(record) {
      await onRecord(record.documentId, record, (reference) => reference.set(withoutUndefined({ ...record })));
    },
    async deleteIngestion(documentId, scope) {
      await onRecord(documentId, scope, (reference) => reference.delete());
    },
    async readSource(id) {
      const data = await readData(id);
      return data && toSourceReading(id, data, textField);
    },
    readEntry: (documentId, scope) =>
      onRecord(documentId, scope, async (reference) => toVersionedEntry(await reference.get())),
    async listEntries(documentId) {
      const found = await client.run(({ firestore }) =>
        firestore.collection(ingestionsCollection).where('documentId', '==', documentId).get(),
      );
      return found.docs.flatMap((snapshot) => toVersionedEntry(snapshot) ?? []);
    },
    swapEntry: (target, next, expected) =>
      onRecord(target.documentId, target, (reference, sdk) => swapDocument(reference, next, expected, sdk)),
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

function withoutUndefined(fields: Readonly<Record<string, unknown>>): DocumentData {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
