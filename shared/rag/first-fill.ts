import { randomUUID } from 'node:crypto';
import { AppError } from '../contracts/app-error.ts';
import type { IngestionJournal, JournalEntry } from '../contracts/ingestion-journal.ts';
import { remember } from '../resilience/recent-map.ts';

/** How long a reservation lasts unless it is renewed; after that its holder counts as dead. */
const RESERVED_MS = 60_000;
/** A reservation with less time than this left is renewed, so that no write begins shortly before its end. */
const FRESH_MS = 45_000;
/** Tries against other instances that reserve at the same moment. */
const MAX_ROUNDS = 10;
/** Reservations that a process remembers at most. */
const MAX_COLLECTIONS = 1_000;
/**
 * A reservation is an entry of the ingestion journal, which has no field to say that several processes share it: its
 * number of chunks says so, 1 for a shared one and 0 for that of a single process.
 */
const SHARED = 1;
/** Id of the entry in the journal. No document can have it, because of its control character. */
const ENTRY_ID = 'first-fill\u007f';

/** Lets one model at a time be the first in an empty collection, over all instances with the same journal. */
export interface FirstFill {
  /**
   * Reserves an empty collection for a vector space. Whoever gets the reservation has to check once more that the
   * collection is empty, since its former holder may have filled it.
   * @returns the space that holds the reservation: this one, or another.
   */
  reserve(collection: string, space: string): Promise<string>;
  /**
   * Ends this process's reservation, if it has one, because vectors are stored now that say whose the collection is.
   */
  release(collection: string): Promise<void>;
  /**
   * Ends this process's reservation because nothing was written and nothing in this process is about to be. A
   * reservation that other processes of the same space share is left to run out, for they rely on it.
   */
  abandon(collection: string): Promise<void>;
}

/** @param now milliseconds since the epoch. */
export function createFirstFill(journal: IngestionJournal, now: () => number): FirstFill {
  const ours = new Map<string, { readonly owner: Promise<string>; readonly atMs: number }>();
  /** Names of the entries that this process wrote last. */
  const written = new Map<string, string>();

  const entryOf = (collection: string) => ({ documentId: ENTRY_ID, collection, tenant: null });

  const acquire = async (collection: string, space: string): Promise<string> => {
    const target = entryOf(collection);
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const found = await journal.readEntry(ENTRY_ID, target);
      const leftMs = (found?.entry.claimedUntil?.getTime() ?? 0) - now();
      if (found !== undefined && leftMs > 0 && found.entry.contentHash !== space) return found.entry.contentHash;
      const running = leftMs > 0 ? found?.entry : undefined;
      const isJoined = running !== undefined && (isShared(running) || running.attempt !== written.get(collection));
      if (running !== undefined && leftMs > FRESH_MS && isJoined === isShared(running)) return space;
      const entry = {
        ...target,
        // The one state whose entries Firestore's TTL policy removes.
        state: 'deleted' as const,
        chunks: isJoined ? SHARED : 0,
        contentHash: space,
        updatedAt: new Date(now()),
        fromStore: false,
        attempt: randomUUID(),
        claimedUntil: new Date(now() + RESERVED_MS),
      };
      if ((await journal.swapEntry(target, entry, found?.version)) !== undefined) {
        remember(written, collection, entry.attempt, { max: MAX_COLLECTIONS });
        return space;
      }
    }
    throw new AppError('server_error', 'Too many instances begin to fill the collection at once. Try again.', {
      retryable: true,
    });
  };

  return {
    async reserve(collection, space) {
      const known = ours.get(collection);
      if (known !== undefined && now() - known.atMs < RESERVED_MS - FRESH_MS) return known.owner;
      const reservation = { owner: acquire(collection, space), atMs: now() };
      remember(ours, collection, reservation, { max: MAX_COLLECTIONS });
      const isOurs = await reservation.owner.then(
        (owner) => owner === space,
        () => false,
      );
      if (!isOurs && ours.get(collection) === reservation) ours.delete(collection);
      return reservation.owner;
    },

    async release(collection) {
      const reservation = ours.get(collection);
      if (reservation === undefined) return;
      ours.delete(collection);
      written.delete(collection);
      const space = await reservation.owner;
      const found = await journal.readEntry(ENTRY_ID, entryOf(collection));
      if (found?.entry.contentHash === space) await journal.swapEntry(entryOf(collection), undefined, found.version);
    },

    async abandon(collection) {
      const attempt = written.get(collection);
      ours.delete(collection);
      // Forgotten before the first wait: whatever begins in this process meanwhile then joins the entry as another
      // process would, and the entry is not removed under it.
      written.delete(collection);
      if (attempt === undefined) return;
      const found = await journal.readEntry(ENTRY_ID, entryOf(collection));
      if (found === undefined || found.entry.attempt !== attempt || isShared(found.entry)) return;
      await journal.swapEntry(entryOf(collection), undefined, found.version);
    },
  };
}

function isShared({ chunks }: JournalEntry): boolean {
  return chunks === SHARED;
}
