import type { DocumentScope, DocumentStore, SourceDocument } from '../../contracts/document-store.ts';
import type { IngestionJournal, VersionedEntry } from '../../contracts/ingestion-journal.ts';
import { toEntry, toRecord } from './journal-entry.ts';

/** Documents and ingestion records held in this process, for development and tests. */
export function createMemoryDocumentStore(): DocumentStore & IngestionJournal {
  const documents = new Map<string, SourceDocument>();
  const entries = new Map<string, VersionedEntry>();
  let writes = 0;

  const put = (key: string, entry: VersionedEntry['entry']): string => {
    writes += 1;
    const version = String(writes);
    entries.set(key, { entry: structuredClone(entry), version });
    return version;
  };

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
      const found = entries.get(keyOf(documentId, scope));
      return found && structuredClone(toRecord(found.entry));
    },
    async putIngestion(record) {
      put(keyOf(record.documentId, record), toEntry(record));
    },
    async deleteIngestion(documentId, scope) {
      entries.delete(keyOf(documentId, scope));
    },
    async readSource(id) {
      const document = structuredClone(documents.get(id));
      return document && { collection: document.collection ?? 'default', tenant: document.tenant ?? null, document };
    },
    async readEntry(documentId, scope) {
      return structuredClone(entries.get(keyOf(documentId, scope)));
    },
    async listEntries(documentId) {
      return structuredClone([...entries.values()].filter(({ entry }) => entry.documentId === documentId));
    },
    async swapEntry(target, next, expected) {
      const key = keyOf(target.documentId, target);
      if (entries.get(key)?.version !== expected) return undefined;
      if (next !== undefined) return put(key, next);
      entries.delete(key);
      return '';
    },
    async close() {
      documents.clear();
      entries.clear();
    },
  };
}

function keyOf(documentId: string, { collection, tenant }: DocumentScope): string {
  return JSON.stringify([collection, tenant, documentId]);
}
