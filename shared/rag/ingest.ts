import { AppError, toAppError } from '../contracts/app-error.ts';
import type { DocumentScope, DocumentStore, IngestionRecord } from '../contracts/document-store.ts';
import type { IngestionJournal, JournalEntry } from '../contracts/ingestion-journal.ts';
import type { Metadata, VectorStore } from '../contracts/vector-store.ts';
import { type ChunkOptions, checkChunkOptions } from './chunk.ts';
import { checkDocumentId, sha256 } from './document-key.ts';
import { createDocumentsAtOnce } from './documents-at-once.ts';
import type { Embedder } from './embed.ts';
import { createFileReader } from './file-reader.ts';
import { createFirstFill } from './first-fill.ts';
import { attemptUnderClaim, NOTHING } from './ingest-attempt.ts';
import { createClaims } from './ingest-claim.ts';
import { toCanonicalJson } from './ingest-plan.ts';
import { type ConvergeScope, createSources, isSettled, type SourceOutcome } from './ingest-source.ts';
import { createKeyQueue } from './key-queue.ts';
import { createModelGuard } from './model-guard.ts';
import { recordOfChunks } from './record-of-chunks.ts';

/**
 * To be raised when the same text gives other chunks or vectors than before, so that every document is ingested anew.
 */
const PIPELINE_VERSION = 2;

const DEFAULT_COLLECTION = 'default';

/** How often an attempt that was overtaken by others begins again before it gives up. */
const MAX_ROUNDS = 4;

export interface IngestInput {
  /** 1 to 512 characters, without slashes and control characters. Default: a hash of the content. */
  readonly id?: string;
  readonly content: string | Uint8Array;
  /** Media type of the content. Default: PDF and DOCX by how their bytes begin, else `text/plain`. */
  readonly contentType?: string;
  readonly title?: string;
  readonly source?: string;
  readonly metadata?: Metadata;
  /** Default `default`. */
  readonly collection?: string;
  readonly tenant: string | null;
}

export interface IngestOutcome {
  readonly id: string;
  /** `unchanged`: everything was there already; nothing was embedded and nothing written. */
  readonly status: 'ready' | 'unchanged' | 'failed';
  /** Chunks of this version of the document that are stored; all of them unless it failed. */
  readonly chunks: number;
  /** Of these, the ones whose text had to be embedded. */
  readonly embedded: number;
  /** Of these, the ones whose vectors were there. */
  readonly skipped: number;
  readonly tokens: number;
  /** Its `details` say how many chunks are stored and how many failed, when it failed on the way to the store. */
  readonly error?: AppError;
}

export interface Ingestion {
  /** Never rejects: whatever goes wrong is in the outcome, and in the document's record. */
  ingest(input: IngestInput, options: { readonly signal: AbortSignal }): Promise<IngestOutcome>;
  /** Several documents, in their order; one that fails keeps no other back. */
  ingestMany(inputs: readonly IngestInput[], options: { readonly signal: AbortSignal }): Promise<IngestOutcome[]>;
  /**
   * Makes the stored chunks of a document equal to what it says in the document store now; those of a deleted document
   * are removed. Never rejects, and may be called any number of times, in any order and by any number of instances at
   * once.
   */
  converge(id: string, options: ConvergeOptions): Promise<SourceOutcome>;
  /** Records a document of the store as failed without trying. False when it needs nothing. */
  abandon(id: string, error: AppError, options: { readonly signal: AbortSignal }): Promise<boolean>;
  /** Collection and tenant of a document of the document store; undefined when there is no such document. */
  scopeOf(id: string): Promise<DocumentScope | undefined>;
  /** Removes a document's chunks and its record. False when there was neither. */
  remove(id: string, scope: DocumentScope & { readonly signal?: AbortSignal }): Promise<boolean>;
  /**
   * What became of a document: its record, or what its chunks say where there is none. Undefined when there is neither.
   */
  status(id: string, scope: DocumentScope): Promise<IngestionRecord | undefined>;
}

export interface ConvergeOptions {
  readonly signal: AbortSignal;
  /** Looks at the stored chunks even when the record says that they are right. Default false. */
  readonly force?: boolean;
}

export interface IngestionOptions {
  readonly embedder: Embedder;
  readonly vectorStore: VectorStore;
  /** It keeps an ingestion journal too, as every store of this service does. */
  readonly documentStore: DocumentStore;
  readonly chunking?: ChunkOptions;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** How to wait for another instance. Default: a timer. */
  readonly sleep?: (delayMs: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Brings the vector store to what a document says, from whatever state it is in: unchanged documents cost one read,
 * changed ones the embedding of their changed chunks, and what is left of older versions goes. What failed half way is
 * completed by the next attempt, without doing again what was done.
 *
 * @throws AppError `configuration` when the chunking options do not fit together, or the store keeps no journal.
 */
export function createIngestion(options: IngestionOptions): Ingestion {
  const { embedder, vectorStore, documentStore, chunking = {}, now = Date.now, sleep } = options;
  const chunkOptions = checkChunkOptions(chunking);
  const journal = toJournal(documentStore);
  const inTurn = createKeyQueue();
  const forEachDocument = createDocumentsAtOnce();
  const claims = createClaims({ journal, now, sleep });

  /** Hash of everything that decides chunks and vectors: as long as it is equal there is nothing to do. */
  const hashOf = (input: IngestInput): string => {
    const { contentType = '', title = '', source = '', metadata = {} } = input;
    const { space } = embedder;
    const words = vectorStore.searchText === undefined ? [] : ['words'];
    const facts = [
      PIPELINE_VERSION,
      chunkOptions,
      space,
      contentType,
      title,
      source,
      toCanonicalJson(metadata),
      ...words,
    ];
    return sha256(JSON.stringify([...facts, contentText(input)]));
  };
  const guard = createModelGuard({
    space: embedder,
    vectorStore,
    firstFill: createFirstFill(journal, now),
    now,
  });
  const tools = { embedder, vectorStore, guard, chunking, readFile: createFileReader(), hashOf };

  const converge: ConvergeScope = ({ id, scope, fromStore, source, hash, known, force, signal }) =>
    inTurn(keyOf(id, scope), async () => {
      try {
        // Checked under the claim and not before it, so that a document with such an id gets a record that says why.
        const checked = async () => {
          checkDocumentId(id);
          return source();
        };
        let found = known === undefined ? await journal.readEntry(id, scope) : known.entry;
        for (let round = 0; round < MAX_ROUNDS; round += 1) {
          // Only in the first round: later, this attempt was overtaken and may have changed chunks after the entry that
          // says they are right was written.
          const isDone = (entry: JournalEntry) => round === 0 && !force && hash !== undefined && isSettled(entry, hash);
          const target = { documentId: id, ...scope };
          const { claim, done } = await claims.acquire(target, { fromStore, known: found, signal, isDone });
          if (claim === undefined) {
            return { id, status: 'unchanged', ...NOTHING, chunks: done.chunks, skipped: done.chunks };
          }
          const outcome = await attemptUnderClaim(tools, { id, scope, claim, fromStore, source: checked, signal });
          if (outcome !== undefined) return outcome;
          found = await journal.readEntry(id, scope);
        }
        throw tooFast();
      } catch (thrown) {
        return { id, status: 'failed', ...NOTHING, error: toAppError(thrown, signal) };
      }
    });

  const ingest = async (input: IngestInput, signal: AbortSignal): Promise<IngestOutcome> => {
    try {
      if (signal.aborted) throw toAppError(signal.reason, signal);
      const { id = `doc-${sha256(contentText(input)).slice(0, 24)}`, tenant, collection = DEFAULT_COLLECTION } = input;
      checkDocumentId(id);
      const work = { id, scope: { collection, tenant }, fromStore: false, hash: hashOf(input), force: false, signal };
      const outcome = await converge({ ...work, known: undefined, source: async () => input });
      // A document that was sent is never gone.
      return { ...outcome, status: outcome.status === 'deleted' ? 'failed' : outcome.status };
    } catch (thrown) {
      return { id: input.id ?? '', status: 'failed', ...NOTHING, error: toAppError(thrown, signal) };
    }
  };

  return {
    ingest: (input, { signal }) => ingest(input, signal),
    ingestMany: (inputs, { signal }) => forEachDocument(inputs, ingest, signal),
    ...createSources({ journal, claims, converge, hashOf }),
    remove: (id, { collection, tenant, signal = new AbortController().signal }) =>
      inTurn(keyOf(id, { collection, tenant }), async () => {
        const scope = { collection, tenant };
        let wasThere = false;
        for (let round = 0; round < MAX_ROUNDS; round += 1) {
          const known = await journal.readEntry(id, scope);
          const { claim } = await claims.acquire({ documentId: id, ...scope }, { fromStore: false, known, signal });
          if (claim === undefined) continue;
          await claim.keep();
          const { deleted } = await vectorStore
            .delete({ documentId: id }, { ...scope, signal })
            .catch(async (thrown) => {
              const { code, message } = toAppError(thrown, signal);
              const chunks = claim.before?.chunks ?? 0;
              await claim.settle({ state: 'failed', chunks, contentHash: '', error: { code, message } });
              throw thrown;
            });
          wasThere ||= deleted > 0 || (claim.before !== undefined && claim.before.state !== 'deleted');
          if (await claim.remove()) return wasThere;
        }
        throw tooFast();
      }),
    async status(id, { collection, tenant }) {
      const scope = { collection, tenant };
      const record = await documentStore.getIngestion(id, scope);
      if (record !== undefined) return record.state === 'deleted' ? undefined : record;
      return recordOfChunks(id, scope, await vectorStore.listDocument(id, scope));
    },
  };
}

function tooFast(): AppError {
  return new AppError('server_error', 'The document changes faster than it can be ingested. Try again later.', {
    retryable: true,
  });
}

function toJournal(documentStore: DocumentStore): IngestionJournal {
  if (keepsJournal(documentStore)) return documentStore;
  throw new AppError('configuration', `The document store ${documentStore.id} keeps no ingestion journal.`);
}

function keepsJournal(store: DocumentStore): store is DocumentStore & IngestionJournal {
  return 'swapEntry' in store;
}

function keyOf(id: string, { collection, tenant }: DocumentScope): string {
  return JSON.stringify([collection, tenant, id]);
}

function contentText({ content }: IngestInput): string {
  return typeof content === 'string' ? content : Buffer.from(content).toString('base64');
}
