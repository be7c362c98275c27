import type { IngestionRecord } from '../../contracts/document-store.ts';
import type { JournalEntry } from '../../contracts/ingestion-journal.ts';

/** A record that was written without the journal: nobody is at work on it, and it stands for no document of the store. */
export function toEntry(record: IngestionRecord): JournalEntry {
  return { ...record, fromStore: false, attempt: '' };
}

/** What of an entry is anybody's business. */
export function toRecord(entry: JournalEntry): IngestionRecord {
  const { fromStore: _fromStore, attempt: _attempt, claimedUntil: _claimed, doubtUntil: _doubt, ...record } = entry;
  return record;
}
