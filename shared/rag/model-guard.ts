import { AppError } from '../contracts/app-error.ts';
import type { VectorStore } from '../contracts/vector-store.ts';
import { remember } from '../resilience/recent-map.ts';
import type { Embedder } from './embed.ts';
import type { FirstFill } from './first-fill.ts';

/** A vector space: the mark on its vectors (`fingerprint`), and whether a vector's mark belongs to it (`matches`). */
export type VectorSpace = Pick<Embedder, 'fingerprint' | 'space' | 'matches'>;

/** Keeps the vectors of two models out of one collection. */
export interface ModelGuard {
  /**
   * To be called before each write, and where a search found nothing. A collection that was seen to hold this space's
   * vectors is not read again for ten seconds; one that holds nothing is looked at each time, for somebody else may be
   * the first to fill it.
   *
   * @throws AppError `configuration` when the collection holds vectors of another model or dimension, and what the
   * store throws when it cannot tell: then nothing may be written either.
   */
  check(scope: { readonly collection: string; readonly signal?: AbortSignal }): Promise<void>;
  /** Notes that a vector of this space was just read there, which spares `check` a read. */
  seen(collection: string, held: string): void;
  /** Vectors of this space have been written there, so that others need not be kept out of an empty collection. */
  filled(collection: string): Promise<void>;
  /**
   * To be called before work that may write into the collection; the returned function is to be called after it. When
   * all such work is over and nothing was written, an empty collection is free for other models again.
   */
  enter(collection: string): (end: { readonly mayHaveWritten: boolean }) => Promise<void>;
}

export interface ModelGuardOptions {
  readonly space: VectorSpace;
  readonly vectorStore: Pick<VectorStore, 'heldModel'>;
  /** For those that write: keeps two models from filling an empty collection at the same time. */
  readonly firstFill?: FirstFill;
  /** Milliseconds since the epoch. Default: the clock. */
  readonly now?: () => number;
}

/** Collections whose model is remembered. */
const MAX_COLLECTIONS = 1_000;

/** How long a write that failed may still take effect in the store; also the longest life of a reservation. */
const IN_DOUBT_MS = 60_000;

/** How long a collection's model is remembered: other processes may empty it and fill it with another model. */
const REMEMBERED_MS = 10_000;

interface Look {
  readonly held: string;
  readonly atMs: number;
}

export function createModelGuard({ space, vectorStore, firstFill, now = Date.now }: ModelGuardOptions): ModelGuard {
  const known = new Map<string, Look>();
  const inside = new Map<string, number>();
  const doubtful = new Map<string, number>();

  const remembered = (collection: string): Look | undefined => {
    const look = known.get(collection);
    return look !== undefined && now() - look.atMs < REMEMBERED_MS ? look : undefined;
  };

  const keep = (collection: string, look: Look): void => remember(known, collection, look, { max: MAX_COLLECTIONS });

  return {
    seen: (collection, held) => keep(collection, { held, atMs: now() }),
    async check({ collection, signal }) {
      const atMs = now();
      const recent = remembered(collection);
      const look = () => vectorStore.heldModel({ collection, ...(signal === undefined ? {} : { signal }) });
      let held = recent?.held ?? (await look());
      if (held === undefined && firstFill !== undefined) {
        const owner = await firstFill.reserve(collection, space.space);
        // Whoever had it before may have filled the collection since it was looked at.
        held = await look();
        if (held === undefined && owner !== space.space) throw foreignModel({ collection, awaited: owner, space });
      }
      if (held === undefined) return;
      // Asked each time, for an embedder learns its dimension from its first answer.
      if (!space.matches(held)) {
        known.delete(collection);
        throw foreignModel({ collection, held, space });
      }
      keep(collection, recent ?? { held, atMs });
    },
    // Should it fail, the reservation ends by itself.
    filled: async (collection) => firstFill?.release(collection).catch(() => undefined),
    enter(collection) {
      inside.set(collection, (inside.get(collection) ?? 0) + 1);
      return async ({ mayHaveWritten }) => {
        if (mayHaveWritten) remember(doubtful, collection, now(), { max: MAX_COLLECTIONS });
        const others = (inside.get(collection) ?? 1) - 1;
        if (others > 0) {
          inside.set(collection, others);
          return;
        }
        inside.delete(collection);
        if (now() - (doubtful.get(collection) ?? Number.NEGATIVE_INFINITY) < IN_DOUBT_MS) return;
        // Should it fail, the reservation ends by itself.
        await firstFill?.abandon(collection).catch(() => undefined);
      };
    },
  };
}

/**
 * Vectors of two models have nothing to do with each other: scores between them would be noise that looks like results.
 */
export function foreignModel({
  collection,
  space,
  ...other
}: {
  readonly collection: string;
  readonly space: VectorSpace;
} & ({ readonly held: string } | { readonly awaited: string })): AppError {
  const what =
    'held' in other
      ? `holds vectors of ${other.held}`
      : `is empty, but reserved for a minute at most for vectors of ${other.awaited}`;
  return new AppError(
    'configuration',
    `The collection ${collection} ${what}, and ${space.fingerprint ?? space.space} is configured, which ` +
      'cannot be compared with them. Configure that model again, or keep the new vectors beside the old ones: with ' +
      '`npm run migrate-embeddings` in Firestore, elsewhere by naming another table, collection or file under ' +
      '`vectorstore` and ingesting the documents again.',
    { param: 'embeddings' },
  );
}
