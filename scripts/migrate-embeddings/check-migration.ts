import type { CollectionParts } from '../../shared/app/collection-parts.ts';
import type { SluiceConfig } from '../../shared/config/types.ts';
import { AppError } from '../../shared/contracts/app-error.ts';

/** Where the semantic cache keeps its questions: they come again by themselves. */
const QUESTIONS = 'sluice_cache';

/** @throws AppError `configuration` for two configurations between which nothing can be migrated, with what to change. */
export function checkConfigs(from: SluiceConfig, to: SluiceConfig): void {
  for (const [which, { vectorstore, embeddings }] of [['old', from] as const, ['new', to] as const]) {
    if (vectorstore?.provider !== 'firestore') {
      throw refused(
        `The ${which} configuration does not keep its chunks in Firestore. For ${vectorstore?.provider ?? 'no vector store'}, ` +
          'name another table or collection in the configuration and ingest the documents again (npm run sluice -- ingest).',
      );
    }
    if (embeddings === undefined) throw refused(`The ${which} configuration has no \`embeddings\` block. Add it.`);
  }
  const [old, next] = [collectionOf(from), collectionOf(to)];
  if (databaseOf(from) !== databaseOf(to)) {
    throw refused('The two configurations name different databases. Migrate within one: set the same database_id.');
  }
  if (old === next) {
    throw refused(
      `Both configurations keep their chunks in the Firestore collection ${old}. Name another one in the new ` +
        'configuration, vectorstore.firestore.collection, so that the old one answers until the switch.',
    );
  }
  if (next.startsWith(`${old}_`) || old.startsWith(`${next}_`)) {
    throw refused(
      `${next} and ${old} would share collections: \`${old}_x\` holds what callers put into \`x\`. Choose a name that ` +
        `does not begin with the other one and an underscore, such as ${old}-2.`,
    );
  }
}

/**
 * Looks whether the new collection can be written to and searched: its index is there, the model answers, its vectors
 * have the length that is stored, and nobody else's vectors are in the way. It writes nothing and embeds one word.
 *
 * @throws AppError with what to do.
 */
export async function checkTarget(target: CollectionParts, signal: AbortSignal): Promise<void> {
  const { embedder, vectorStore } = target;
  const { vector } = await embedder.embedQuery('migration', { signal });
  const scope = { collection: 'default', tenant: null, topK: 1, signal };
  await vectorStore.query({ ...scope, vector });
  await vectorStore.searchText?.({ ...scope, text: 'migration' });
  for (const collection of await listCollections(target)) {
    const held = await vectorStore.heldModel({ collection, signal });
    if (held === undefined || embedder.matches(held)) continue;
    throw refused(
      `The new collection holds vectors of ${held} already, and the new configuration embeds with ` +
        `${embedder.fingerprint ?? embedder.space}. Name an empty collection.`,
    );
  }
}

/**
 * Looks whether what the old collection holds, and lacks, tells what the new one is to hold.
 * @throws AppError with what to do.
 */
export async function checkSource(source: CollectionParts, target: CollectionParts, from: string): Promise<void> {
  const migration = await target.collections.readMigration();
  if (migration.isClosed) {
    throw refused(
      'This migration is finished, and its old collection is removed or being removed. For another one, name a new ' +
        'collection; to go on removing, run with --remove-old.',
    );
  }
  if (migration.from !== undefined && migration.from !== from) {
    throw refused(
      `The new collection was filled from ${migration.from}, not from ${from}. Give the configuration of that one with --from.`,
    );
  }
  for (const collection of await listCollections(source)) {
    if ((await source.collections.count(collection)) > 0) return;
  }
  throw refused(
    `The old collection, ${from}, holds nothing. Check vectorstore.firestore in the file that --from names.`,
  );
}

/** Our names of the collections to migrate. */
export async function listCollections({ collections }: CollectionParts): Promise<string[]> {
  return (await collections.list()).filter((name) => name !== QUESTIONS);
}

export function collectionOf({ vectorstore }: SluiceConfig): string {
  return vectorstore?.provider === 'firestore' ? vectorstore.collection : '';
}

function databaseOf({ vectorstore }: SluiceConfig): string {
  return vectorstore?.provider === 'firestore' ? `${vectorstore.project ?? ''}/${vectorstore.databaseId}` : '';
}

function refused(message: string): AppError {
  return new AppError('configuration', message);
}
