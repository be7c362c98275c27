import type { AppError } from './app-error.ts';
import type { DocumentScope, IngestionRecord, SourceDocument } from './document-store.ts';

/** An ingestion record with what lets several instances agree on who works on the document. */
export interface JournalEntry extends IngestionRecord {
  /** It stands for a document of the document store, and goes with it. False: a caller sent the document. */
  readonly fromStore: boolean;
  /** Names the attempt that wrote this entry last; no two attempts share one. */
  readonly attempt: string;
  /** That attempt is at work, and nobody else may be until then. */
  readonly claimedUntil?: Date;
  /**
   * An attempt that did not end may still be writing until then. An entry with this mark proves nothing about the
   * stored chunks; it is removed by an attempt that ends after that time.
   */
  readonly doubtUntil?: Date;
}

export interface VersionedEntry {
  readonly entry: JournalEntry;
  /** Changes with every write of the entry. */
  readonly version: string;
}

/** A document as it is now, or what is wrong with it, and where its chunks belong either way. */
export type SourceReading = DocumentScope & ({ readonly document: SourceDocument } | { readonly problem: AppError });

/** What a document store offers beside its documents, so that instances that know nothing of each other converge. */
export interface IngestionJournal {
  /** As `getDocument`, but a document that breaks the rules is an answer too. Undefined when there is none. */
  readSource(id: string): Promise<SourceReading | undefined>;
  readEntry(documentId: string, scope: DocumentScope): Promise<VersionedEntry | undefined>;
  /** The entries of one document id, over all collections and tenants. */
  listEntries(documentId: string): Promise<VersionedEntry[]>;
  /**
   * Writes an entry, or removes it when `next` is undefined, if its version is still the expected one; `undefined`
   * expects that there is none.
   * @returns the new version; undefined when somebody else was faster, and then nothing was written.
   */
  swapEntry(
    target: DocumentScope & { readonly documentId: string },
    next: JournalEntry | undefined,
    expected: string | undefined,
  ): Promise<string | undefined>;
}
