import { AppError, toAppError } from '../contracts/app-error.ts';
import type { DocumentScope, SourceDocument } from '../contracts/document-store.ts';
import type { IngestionJournal, JournalEntry, VersionedEntry } from '../contracts/ingestion-journal.ts';
import type { ConvergeOptions, IngestInput } from './ingest.ts';
import { type AttemptOutcome, NOTHING } from './ingest-attempt.ts';
import type { Claims } from './ingest-claim.ts';

/** Brings one scope to what a source says. */
export type ConvergeScope = (work: {
  readonly id: string;
  readonly scope: DocumentScope;
  readonly fromStore: boolean;
  readonly source: () => Promise<IngestInput | undefined>;
  /** Hash of what the source said a moment ago, if it was read. */
  readonly hash: string | undefined;
  /** The entry as it was read after the source. */
  readonly known: { readonly entry: VersionedEntry | undefined } | undefined;
  readonly force: boolean;
  readonly signal: AbortSignal;
}) => Promise<AttemptOutcome>;

export interface SourcesOptions {
  readonly journal: IngestionJournal;
  readonly claims: Claims;
  readonly converge: ConvergeScope;
  readonly hashOf: (input: IngestInput) => string;
}

export interface SourceOutcome extends AttemptOutcome {
  /** Whose document it is; null when it belongs to nobody or is gone. */
  readonly tenant: string | null;
}

/**
 * Ingestion of the documents in the document store: what counts is what a document says now, not what an event said.
 */
export interface Sources {
  /** The scope a document of the store belongs to now; undefined when there is no such document. */
  scopeOf(id: string): Promise<DocumentScope | undefined>;
  converge(id: string, options: ConvergeOptions): Promise<SourceOutcome>;
  /**
   * Records a document as failed without another attempt; the reason of its last failure is kept in the record.
   * @returns false when there is nothing left to do for it.
   */
  abandon(id: string, error: AppError, options: { readonly signal: AbortSignal }): Promise<boolean>;
}

interface Task {
  readonly scope: DocumentScope;
  readonly hash: string | undefined;
  readonly known: VersionedEntry | undefined;
}

export function createSources({ journal, claims, converge, hashOf }: SourcesOptions): Sources {
  /**
   * The scope the document belongs to first, then those it once belonged to and may still have chunks in. The document
   * is read before the entries: an entry that then says `ready` for this version is at least as recent as it.
   */
  const tasksOf = async (id: string): Promise<{ tenant: string | null; tasks: Task[] }> => {
    const reading = await journal.readSource(id);
    const entries = await journal.listEntries(id);
    const own = entries.find(({ entry }) => reading !== undefined && isSameScope(entry, reading));
    const former = entries.filter((found) => found !== own && found.entry.fromStore && !isGone(found.entry));
    const hash = reading !== undefined && 'document' in reading ? hashOf(toInput(reading.document)) : undefined;
    return {
      tenant: reading?.tenant ?? null,
      tasks: [
        ...(reading === undefined ? [] : [{ scope: toScope(reading), hash, known: own }]),
        ...former.map((found) => ({ scope: toScope(found.entry), hash: undefined, known: found })),
      ],
    };
  };

  /** What the document says in that scope now. */
  const readIn = async (id: string, scope: DocumentScope): Promise<IngestInput | undefined> => {
    const reading = await journal.readSource(id);
    if (reading === undefined || !isSameScope(reading, scope)) return undefined;
    if ('problem' in reading) throw reading.problem;
    return toInput(reading.document);
  };

  return {
    async scopeOf(id) {
      const reading = await journal.readSource(id);
      return reading && toScope(reading);
    },

    async converge(id, { signal, force = false }) {
      try {
        const { tenant, tasks } = await tasksOf(id);
        const outcomes: AttemptOutcome[] = [];
        for (const { scope, hash, known } of tasks) {
          const source = () => readIn(id, scope);
          outcomes.push(
            await converge({ id, scope, fromStore: true, source, hash, known: { entry: known }, force, signal }),
          );
        }
        return { ...merge(id, outcomes), tenant };
      } catch (thrown) {
        return { id, status: 'failed', ...NOTHING, error: toAppError(thrown, signal), tenant: null };
      }
    },

    async abandon(id, error, { signal }) {
      const { tasks } = await tasksOf(id);
      const open = tasks.filter(({ hash, known }) => hash === undefined || !isSettled(known?.entry, hash));
      for (const { scope, hash = '', known } of open) {
        try {
          const target = { documentId: id, ...scope };
          const { claim } = await claims.acquire(target, { fromStore: true, known, signal, patienceMs: 0 });
          await claim?.settle({
            state: 'failed',
            chunks: claim.before?.chunks ?? 0,
            contentHash: hash,
            error: withReason(error, claim.before, hash),
          });
        } catch (thrown) {
          // Another attempt has the claim at this moment and will record its own outcome.
          if (!(thrown instanceof AppError && thrown.retryable)) throw thrown;
        }
      }
      return open.length > 0;
    },
  };
}

/** The error to record: that there will be no other attempt, after the reason of the last one at the same version. */
function withReason(
  { code, message }: AppError,
  before: JournalEntry | undefined,
  hash: string,
): NonNullable<JournalEntry['error']> {
  const reason = before?.contentHash === hash ? before.error : undefined;
  if (reason === undefined) return { code, message };
  return {
    code: reason.code,
    message: reason.message.endsWith(message) ? reason.message : `${reason.message} ${message}`,
  };
}

/** Whether an entry proves that the stored chunks are what a document with this hash says. */
export function isSettled(entry: JournalEntry | undefined, hash: string): boolean {
  return (
    entry?.state === 'ready' &&
    entry.contentHash === hash &&
    entry.claimedUntil === undefined &&
    entry.doubtUntil === undefined
  );
}

/** Whether an entry proves that there are no chunks. */
function isGone({ state, claimedUntil, doubtUntil }: JournalEntry): boolean {
  return state === 'deleted' && claimedUntil === undefined && doubtUntil === undefined;
}

/** The first failure, else what became of the scope the document is in; it is gone when it is in none. */
function merge(id: string, outcomes: readonly AttemptOutcome[]): AttemptOutcome {
  const decisive = outcomes.find(({ status }) => status === 'failed') ?? outcomes[0];
  if (decisive === undefined) return { id, status: 'deleted', ...NOTHING };
  return { ...decisive, tokens: outcomes.reduce((sum, { tokens }) => sum + tokens, 0) };
}

function toInput({ text, tenant, ...document }: SourceDocument): IngestInput {
  return { ...document, content: text, tenant: tenant ?? null };
}

function toScope({ collection, tenant }: DocumentScope): DocumentScope {
  return { collection, tenant };
}

function isSameScope(left: DocumentScope, right: DocumentScope): boolean {
  return left.collection === right.collection && left.tenant === right.tenant;
}
