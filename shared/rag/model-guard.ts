import { AppError } from '../contracts/app-error.ts';
import type { VectorStore } from '../contracts/vector-store.ts';
import { remember } from '../resilience/recent-map.ts';
import type { Embedder } from './embed.ts';

/** A vector space: what its vectors are marked with, and which marks are of it. */
export type VectorSpace = Pick<Embedder, 'fingerprint' | 'space' | 'matches'>;

/** Keeps the vectors of two models out of one collection. */
export interface ModelGuard {
  /**
   * To be called before each write. A collection that was once seen to hold this space's vectors is not read again by
   * this process; one that holds nothing is looked at each time, for somebody else may be the first to fill it.
   *
   * @throws AppError `configuration` when the collection holds vectors of another model or dimension, and what the store
   * throws when it cannot tell: then nothing may be written either.
   */
  check(scope: { readonly collection: string; readonly signal?: AbortSignal }): Promise<void>;
}

export interface ModelGuardOptions {
  readonly space: VectorSpace;
  readonly vectorStore: Pick<VectorStore, 'heldModel'>;
}

/** Collections whose model is remembered. */
const MAX_COLLECTIONS = 1_000;

export function createModelGuard({ space, vectorStore }: ModelGuardOptions): ModelGuard {
  const known = new Map<string, string>();

  return {
    async check({ collection, signal }) {
      const held =
        known.get(collection) ??
        (await vectorStore.heldModel({ collection, ...(signal === undefined ? {} : { signal }) }));
      if (held === undefined) return;
      // Asked each time, for an embedder learns its dimension from its first answer.
      if (!space.matches(held)) {
        known.delete(collection);
        throw foreignModel({ collection, held, space });
      }
      remember(known, collection, held, { max: MAX_COLLECTIONS });
    },
  };
}

/** Vectors of two models have nothing to do with each other: scores between them would be noise that looks like results. */
export function foreignModel({
  collection,
  held,
  space,
}: {
  readonly collection: string;
  readonly held: string;
  readonly space: VectorSpace;
}): AppError {
  return new AppError(
    'configuration',
    `The collection ${collection} holds vectors of ${held}, and ${space.fingerprint ?? space.space} is configured, which ` +
      'cannot be compared with them. Configure that model again, or keep the new vectors beside the old ones: with ' +
      '`npm run migrate-embeddings` in Firestore, elsewhere by naming another table, collection or file under ' +
      '`vectorstore` and ingesting the documents again.',
    { param: 'embeddings' },
  );
}
