import { randomUUID } from 'node:crypto';
import { AppError } from '../contracts/app-error.ts';
import type { IngestionJournal, JournalEntry } from '../contracts/ingestion-journal.ts';
import { remember } from '../resilience/recent-map.ts';

/** A reservation lasts that long; then its holder is taken for dead. */
const RESERVED_MS = 60_000;
/** One that lasts less than that any more is made anew, so that a write begins long before it ends. */
const FRESH_MS = 45_000;
/** Instances that reserve at the same moment. */
const MAX_ROUNDS = 10;
/** Reservations that are remembered: of collections that nothing comes into after all. */
const MAX_COLLECTIONS = 1_000;
/** What an entry that several processes count on has for its number of chunks; one that a single one does has none. */
const SHARED = 1;
/** Of the entry in the journal; no document can have it. */
const ENTRY_ID = 'first-fill\u007f';

/** Lets one model at a time be the first in an empty collection, over all instances with the same journal. */
export interface FirstFill {
  /**
   * Reserves an empty collection for a vector space. Whoever gets it has to look again whether it is empty.
   * @returns the space that has it: this one, or that of somebody else.
   */
  reserve(collection: string, space: string): Promise<string>;
  /** Gives the reservation of this process up, if it has one: vectors are there now, and say more. */
  release(collection: string): Promise<void>;
  /**
   * The same where nothing was written and nobody in this process is about to. One that other processes of this space
   * have joined stays until it ends by itself, for they count on it.
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
        // Of all states the one whose entries go by themselves.
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
      // Forgotten at once, so that whoever begins here meanwhile joins the entry, and it is not taken from under them.
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
