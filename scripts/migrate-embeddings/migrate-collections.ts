import { AppError, toAppError } from '../../shared/contracts/app-error.ts';
import { mapConcurrently } from '../../shared/rag/concurrency.ts';
import { isDocumentFault } from '../../shared/rag/document-fault.ts';
import { listCollections } from './check-migration.ts';
import { type CopyStatus, type CopyTools, copyDocument } from './copy-document.ts';

/** Documents under way at a time; their texts share requests to the model. */
const DOCUMENTS_AT_ONCE = 16;
const MOST_FAILURES = 20;

export interface MigrationFailure {
  readonly collection: string;
  readonly documentId: string;
  readonly message: string;
}

export interface MigrationSummary extends Readonly<Record<CopyStatus, number>> {
  /** Documents looked at. */
  readonly documents: number;
  /** Chunks of the documents that were copied. */
  readonly chunks: number;
  readonly embedded: number;
  readonly tokens: number;
  readonly failed: number;
  /** The first of them. */
  readonly failures: readonly MigrationFailure[];
}

/**
 * Copies every document of every collection, with new vectors, and removes from the new collections what the old ones no
 * longer have. Run again it goes on where it was, and does only what has changed.
 *
 * @throws AppError for what another document would fail of as well, such as a refused key.
 */
export async function migrateCollections(
  tools: CopyTools,
  onProgress: (collection: string, summary: MigrationSummary) => void,
): Promise<MigrationSummary> {
  const counts = { copied: 0, unchanged: 0, newer: 0, gone: 0, removed: 0 };
  const sums = { documents: 0, chunks: 0, embedded: 0, tokens: 0, failed: 0 };
  const failures: MigrationFailure[] = [];
  const summary = (): MigrationSummary => ({ ...counts, ...sums, failures: [...failures] });

  const handle = async (collection: string, documentId: string, tenant: string | null): Promise<void> => {
    try {
      const { status, chunks, embedded, tokens } = await copyDocument(tools, documentId, { collection, tenant });
      counts[status] += 1;
      sums.chunks += status === 'copied' ? chunks : 0;
      sums.embedded += embedded;
      sums.tokens += tokens;
    } catch (thrown) {
      const error = toAppError(thrown, tools.signal);
      if (!isDocumentFault(error)) throw error;
      sums.failed += 1;
      if (failures.length < MOST_FAILURES) failures.push({ collection, documentId, message: error.message });
    }
    sums.documents += 1;
  };

  const sources = await listCollections(tools.source);
  for (const collection of [...new Set([...sources, ...(await listCollections(tools.target))])]) {
    const seen = new Set<string>();
    for (const { collections } of [tools.source, tools.target]) {
      for await (const page of collections.documents(collection)) {
        const fresh = page.filter(({ documentId, tenant }) => {
          const key = JSON.stringify([tenant, documentId]);
          return !seen.has(key) && seen.add(key);
        });
        await mapConcurrently(
          fresh,
          DOCUMENTS_AT_ONCE,
          ({ documentId, tenant }) => handle(collection, documentId, tenant),
          tools.signal,
        );
        onProgress(collection, summary());
      }
    }
  }
  return summary();
}

/**
 * Deletes every chunk of the old collections. What was begun is completed by the next call.
 * @throws AppError `configuration` before a run with `--finish` found nothing to do, and while the new collections lack
 * something.
 */
export async function removeOld(
  tools: CopyTools,
  { isDryRun, onProgress }: { readonly isDryRun: boolean; readonly onProgress: (deleted: number) => void },
): Promise<number> {
  const { isFinished, isClosed } = await tools.target.collections.readMigration();
  if (!isClosed) {
    if (!isFinished) {
      // A complete copy is no sign that the service uses it: before the switch it searches the old collection.
      throw new AppError(
        'configuration',
        'The service may still search the old collection. Deploy the new configuration, run with --finish until nothing ' +
          'is copied and removed, and then with --remove-old.',
      );
    }
    const { copied, removed, failed } = await migrateCollections(
      { ...tools, isFinish: true, isDryRun: true },
      () => {},
    );
    if (copied + removed + failed > 0) {
      throw new AppError(
        'configuration',
        `The new collection lacks changes of ${copied + removed + failed} documents. Run with --finish first.`,
      );
    }
  }
  // From the first deletion on, what the old collection lacks says nothing about the new one.
  if (!isDryRun) await tools.target.collections.noteMigration({ isClosed: true });
  let before = 0;
  for (const collection of await listCollections(tools.source)) {
    before += isDryRun
      ? await tools.source.collections.count(collection)
      : await tools.source.collections.clear(collection, (deleted) => onProgress(before + deleted));
  }
  return before;
}
