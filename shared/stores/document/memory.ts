import type { DocumentScope, DocumentStore, IngestionRecord, SourceDocument } from '../../contracts/document-store.ts';

/** Documents and ingestion records held in this process, for development and tests. */
export function createMemoryDocumentStore(): DocumentStore {
  const documents = new Map<string, SourceDocument>();
  const ingestions = new Map<string, IngestionRecord>();

  return {
    id: 'memory',
    async getDocument(id) {
      return structuredClone(documents.get(id));
    },
    async putDocument(document) {
      documents.set(document.id, structuredClone(document));
    },
    async deleteDocument(id) {
      documents.delete(id);
    },
    async getIngestion(documentId, scope) {
      return structuredClone(ingestions.get(keyOf(documentId, scope)));
    },
    async putIngestion(record) {
      ingestions.set(keyOf(record.documentId, record), structuredClone(record));
    },
    async deleteIngestion(documentId, scope) {
      ingestions.delete(keyOf(documentId, scope));
    },
    async close() {
      documents.clear();
      ingestions.clear();
    },
  };
}

function keyOf(documentId: string, { collection, tenant }: DocumentScope): string {
  return JSON.stringify([collection, tenant, documentId]);
}
