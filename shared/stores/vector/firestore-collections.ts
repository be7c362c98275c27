import type { Firestore, Query, QueryDocumentSnapshot } from '@google-cloud/firestore';
import { createFirestoreClient, type FirestoreClientOptions } from '../firestore-client.ts';
import { fromDocument } from './firestore-chunk.ts';

/** Documents read, or deleted, at a time. */
const PAGE_SIZE = 500;
/** What is remembered of a migration, by the collection that it fills. */
const MIGRATIONS = 'migrations';

/** A document that has chunks in a collection. */
export interface ChunkedDocument {
  readonly documentId: string;
  readonly tenant: string | null;
}

export interface Migration {
  /** Firestore collection that is copied from; undefined before the first run. */
  readonly from: string | undefined;
  /** Times of the runs so far, in milliseconds since the epoch, which their chunks carry. */
  readonly runs: ReadonlySet<number>;
  /** A run after the switch has found nothing to do: the old collection is not needed any more. */
  readonly isFinished: boolean;
  /** The old collection is being removed, or has been: nothing may be concluded from what it lacks. */
  readonly isClosed: boolean;
}

export type MigrationNote =
  | { readonly from: string; readonly runMs: number }
  | { readonly isFinished: true }
  | { readonly isClosed: true };

/** Whole collections of chunks, for tools: a service never reads one. */
export interface FirestoreCollections {
  /** Our names of the collections that hold chunks: `default`, and `x` for `<collection>_x`. */
  list(): Promise<string[]>;
  /** The documents of a collection, each at least once, page by page. One read per chunk. */
  documents(collection: string): AsyncIterable<readonly ChunkedDocument[]>;
  count(collection: string): Promise<number>;
  /** Deletes every chunk. `onDeleted` is told how many are gone so far. */
  clear(collection: string, onDeleted: (count: number) => void): Promise<number>;
  /** What is remembered of the migration into this collection. */
  readMigration(): Promise<Migration>;
  noteMigration(note: MigrationNote): Promise<void>;
  close(): Promise<void>;
}

export interface FirestoreCollectionsOptions extends FirestoreClientOptions {
  /** Firestore collection of the `default` collection. */
  readonly collection: string;
}

export function createFirestoreCollections({
  collection: base,
  ...clientOptions
}: FirestoreCollectionsOptions): FirestoreCollections {
  const client = createFirestoreClient(clientOptions);
  const prefix = `${base}_`;
  const nameOf = (collection: string): string => (collection === 'default' ? base : `${prefix}${collection}`);
  const noteOf = (firestore: Firestore) => firestore.collection(MIGRATIONS).doc(base);

  /** Every document of a collection, in the order of its key, as it is without another: what is written meanwhile moves nothing. */
  async function* pages(collection: string, fields: readonly string[]): AsyncGenerator<QueryDocumentSnapshot[]> {
    let last: QueryDocumentSnapshot | undefined;
    do {
      const page: QueryDocumentSnapshot[] = await client.run(async ({ firestore }) => {
        let query: Query = firestore
          .collection(nameOf(collection))
          .select(...fields)
          .limit(PAGE_SIZE);
        if (last !== undefined) query = query.startAfter(last);
        return (await query.get()).docs;
      });
      if (page.length > 0) yield page;
      last = page.length < PAGE_SIZE ? undefined : page.at(-1);
    } while (last !== undefined);
  }

  return {
    async list() {
      const names = await client.run(async ({ firestore }) =>
        (await firestore.listCollections()).map(({ id }) => id).filter((id) => id === base || id.startsWith(prefix)),
      );
      return names.map((name) => (name === base ? 'default' : name.slice(prefix.length))).sort();
    },

    async *documents(collection) {
      for await (const page of pages(collection, ['documentId', 'tenant', 'chunkId'])) {
        const found = page.map(fromDocument).map(({ documentId, tenant }) => ({ documentId, tenant }));
        yield found.filter(
          (document, place) =>
            found[place - 1]?.documentId !== document.documentId || found[place - 1]?.tenant !== document.tenant,
        );
      }
    },

    async count(collection) {
      const snapshot = await client.run(({ firestore }) => firestore.collection(nameOf(collection)).count().get());
      return snapshot.data().count;
    },

    async clear(collection, onDeleted) {
      let deleted = 0;
      for await (const page of pages(collection, [])) {
        await client.run(async ({ firestore }) => {
          const batch = firestore.batch();
          for (const { ref } of page) batch.delete(ref);
          await batch.commit();
        });
        deleted += page.length;
        onDeleted(deleted);
      }
      return deleted;
    },

    async readMigration() {
      const data = (await client.run(({ firestore }) => noteOf(firestore).get())).data() ?? {};
      const { from, runs, isFinished, isClosed } = data as Partial<Migration> & { runs?: readonly number[] };
      return { from, runs: new Set(runs), isFinished: isFinished === true, isClosed: isClosed === true };
    },

    async noteMigration(note) {
      await client.run(({ firestore, sdk }) =>
        noteOf(firestore).set(
          'from' in note ? { from: note.from, runs: sdk.FieldValue.arrayUnion(note.runMs) } : note,
          { merge: true },
        ),
      );
    },

    close: () => client.close(),
  };
}
