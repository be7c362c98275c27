import { randomUUID } from 'node:crypto';
import { AppError } from '../contracts/app-error.ts';
import type { DocumentScope, IngestionRecord } from '../contracts/document-store.ts';
import type { IngestionJournal, JournalEntry, VersionedEntry } from '../contracts/ingestion-journal.ts';
import { sleepFor } from '../resilience/retry.ts';

/** How long a claim lasts after it was last renewed; after that its holder counts as dead. */
const CLAIM_MS = 60_000;
/** How long to wait for another holder before giving up. */
const PATIENCE_MS = 15_000;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1_000;
/** How long a holder that counts as dead may in truth go on writing: no request lives longer on Cloud Run. */
const DOUBT_MS = 3_600_000;

export interface ClaimTarget extends DocumentScope {
  readonly documentId: string;
}

/** What a claim ends with. */
export type Settlement = Pick<IngestionRecord, 'state' | 'chunks' | 'contentHash' | 'error'>;

/** The right to change the chunks of one document, which at most one attempt has at a time, over all instances. */
export interface Claim {
  /** What was recorded before it. */
  readonly before: JournalEntry | undefined;
  /** Somebody else has taken the attempt for dead and has the claim now: nothing more may be written. */
  readonly isLost: boolean;
  /** Whether `keep` has been called, so that chunks may have been written. */
  readonly hasWritten: boolean;
  /** To be called before each write, so that a long attempt is not taken for dead. @throws AppError when it is lost. */
  keep(): Promise<void>;
  /** Records the outcome and gives the claim up. False when the claim was lost, and then nothing is recorded. */
  settle(settlement: Settlement): Promise<boolean>;
  /** Gives the claim up and removes the entry; one that others count on stays, as `deleted`. */
  remove(): Promise<boolean>;
  /** Gives the claim up as if it had never been; for attempts that wrote nothing. */
  restore(): Promise<boolean>;
}

export interface ClaimsOptions {
  readonly journal: IngestionJournal;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly sleep?: ((delayMs: number, signal: AbortSignal) => Promise<void>) | undefined;
}

export interface AcquireOptions {
  /** The document is in the document store. An entry that once said so keeps saying it. */
  readonly fromStore: boolean;
  /** What the caller has just read, undefined for no entry. */
  readonly known: VersionedEntry | undefined;
  readonly signal: AbortSignal;
  /** How long to wait for another holder. Default 15,000. */
  readonly patienceMs?: number;
  /** Whether an entry says that there is nothing left to do: it may come true while another holder is waited for. */
  readonly isDone?: (entry: JournalEntry) => boolean;
}

/** Either a claim, or the entry by which there is nothing left to do. */
export type Acquired =
  | { readonly claim: Claim; readonly done?: undefined }
  | { readonly claim?: undefined; readonly done: JournalEntry };

export interface Claims {
  /**
   * Waits for the claim while another attempt has it.
   * @throws AppError `server_error`, retryable, when another attempt keeps the claim for too long.
   */
  acquire(target: ClaimTarget, options: AcquireOptions): Promise<Acquired>;
}

/**
 * Claims on documents, kept in their ingestion entries by compare and swap. The vector store does not know of claims,
 * so an attempt whose claim ran out may go on writing. Two things make up for that: an attempt that finds at its end
 * that it was overtaken is made again, and an entry that took over from a dead attempt is marked as doubtful for as
 * long as that attempt may still be writing.
 */
export function createClaims({ journal, now, sleep = sleepFor }: ClaimsOptions): Claims {
  const open = (target: ClaimTarget, before: JournalEntry | undefined, first: VersionedEntry): Claim => {
    let { entry, version } = first;
    let lost = false;
    let written = false;
    let keeping: Promise<void> | undefined;

    /** Replaces this attempt's own entry. False, and the claim is lost, when another attempt has replaced it. */
    const advance = async (next: JournalEntry | undefined): Promise<boolean> => {
      if (lost) return false;
      const swapped = await journal.swapEntry(target, next, version);
      if (swapped !== undefined) {
        version = swapped;
        if (next !== undefined) entry = next;
        return true;
      }
      const found = await journal.readEntry(target.documentId, target);
      // The write may have succeeded although its answer was lost on the way.
      if (next === undefined ? found === undefined : found !== undefined && isSame(found.entry, next)) {
        version = found?.version ?? '';
        if (next !== undefined) entry = next;
        return true;
      }
      lost = true;
      return false;
    };

    const end = async (next: JournalEntry | undefined): Promise<boolean> => {
      await keeping?.catch(() => undefined);
      return advance(next);
    };

    const renew = async (): Promise<void> => {
      if (await advance({ ...entry, claimedUntil: new Date(now() + CLAIM_MS) })) return;
      throw overtaken();
    };

    return {
      before,
      get isLost() {
        return lost;
      },
      get hasWritten() {
        return written;
      },
      async keep() {
        written = true;
        if (lost) throw overtaken();
        if (now() < (entry.claimedUntil?.getTime() ?? 0) - CLAIM_MS / 2) return;
        keeping ??= renew().finally(() => {
          keeping = undefined;
        });
        await keeping;
      },
      settle: (settlement) => end(toSettled(entry, settlement, now())),
      remove() {
        const gone = toSettled(entry, { state: 'deleted', chunks: 0, contentHash: '' }, now());
        return end(gone.fromStore || gone.doubtUntil !== undefined ? gone : undefined);
      },
      restore: () => end(before === undefined ? undefined : { ...before, attempt: entry.attempt }),
    };
  };

  return {
    async acquire(target, { fromStore, known, signal, patienceMs = PATIENCE_MS, isDone = () => false }) {
      const attempt = randomUUID();
      const deadline = now() + patienceMs;
      let found = known;
      for (let waitMs = FIRST_WAIT_MS; ; ) {
        if (found !== undefined && isDone(found.entry)) return { done: found.entry };
        const heldForMs = (found?.entry.claimedUntil?.getTime() ?? 0) - now();
        if (heldForMs <= 0) {
          const next = toClaimed({ target, fromStore, attempt, before: found?.entry, nowMs: now() });
          const version = await journal.swapEntry(target, next, found?.version);
          if (version !== undefined) return { claim: open(target, found?.entry, { entry: next, version }) };
        } else {
          const leftMs = deadline - now();
          if (leftMs <= 0) throw busy(heldForMs);
          await sleep(Math.min(waitMs, leftMs, heldForMs), signal);
          waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
        }
        const before = found;
        found = await journal.readEntry(target.documentId, target);
        if (found?.entry.attempt === attempt) return { claim: open(target, before?.entry, found) };
      }
    },
  };
}

interface ClaimInput {
  readonly target: ClaimTarget;
  readonly fromStore: boolean;
  readonly attempt: string;
  readonly before: JournalEntry | undefined;
  readonly nowMs: number;
}

function toClaimed({ target, fromStore, attempt, before, nowMs }: ClaimInput): JournalEntry {
  // The claim of somebody who never gave it up: dead, or slow.
  const isAbandoned = before?.claimedUntil !== undefined;
  const doubtUntil = isAbandoned ? new Date(nowMs + DOUBT_MS) : before?.doubtUntil;
  return {
    documentId: target.documentId,
    collection: target.collection,
    tenant: target.tenant,
    state: 'processing',
    chunks: before?.chunks ?? 0,
    contentHash: before?.contentHash ?? '',
    updatedAt: new Date(nowMs),
    fromStore: fromStore || before?.fromStore === true,
    attempt,
    claimedUntil: new Date(nowMs + CLAIM_MS),
    ...(doubtUntil === undefined ? {} : { doubtUntil }),
  };
}

function toSettled(
  entry: JournalEntry,
  { state, chunks, contentHash, error }: Settlement,
  nowMs: number,
): JournalEntry {
  const { claimedUntil: _claimedUntil, doubtUntil, error: _error, ...kept } = entry;
  const isDoubtful = doubtUntil !== undefined && doubtUntil.getTime() > nowMs;
  return {
    ...kept,
    state,
    chunks,
    contentHash,
    updatedAt: new Date(nowMs),
    ...(error === undefined ? {} : { error }),
    ...(isDoubtful ? { doubtUntil } : {}),
  };
}

/** Whether an entry is the one that was to be written; only the attempt itself writes entries with its name. */
function isSame(found: JournalEntry, next: JournalEntry): boolean {
  return found.attempt === next.attempt && found.claimedUntil?.getTime() === next.claimedUntil?.getTime();
}

function overtaken(): AppError {
  return new AppError('server_error', 'Another attempt has taken the document over.', { retryable: true });
}

/** The holder may be done at any moment, and dead it is for certain only when its claim runs out. */
function busy(heldForMs: number): AppError {
  const retryAfterMs = Math.min(heldForMs, CLAIM_MS);
  return new AppError(
    'server_error',
    'Another attempt to ingest this document is under way, or was cut off. ' +
      `Try again in ${Math.ceil(retryAfterMs / 1000)} seconds.`,
    { retryable: true, retryAfterMs },
  );
}
