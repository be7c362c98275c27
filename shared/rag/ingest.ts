import { AppError, toAppError } from '../contracts/app-error.ts';
import type { DocumentScope, DocumentStore, IngestionRecord } from '../contracts/document-store.ts';
import type { Metadata, VectorStore } from '../contracts/vector-store.ts';
import { type ChunkOptions, checkChunkOptions, chunkText } from './chunk.ts';
import { mapConcurrently } from './concurrency.ts';
import { checkDocumentId, sha256 } from './document-key.ts';
import type { Embedder } from './embed.ts';
import { extractText } from './extract.ts';
import { planChunks, toCanonicalJson } from './ingest-plan.ts';
import { createStoring } from './ingest-storing.ts';
import { createTurns } from './turns.ts';

/** Raised when the same text would give other chunks or vectors than before, so that everything is ingested anew. */
const PIPELINE_VERSION = 1;

const DEFAULT_COLLECTION = 'default';
const DOCUMENTS_AT_ONCE = 4;

/** A document with more new texts than that takes a while: meanwhile its record says that it is on its way. */
const WORTH_ANNOUNCING = 100;

export interface IngestInput {
  /** 1 to 512 characters, without slashes and control characters. Default: a hash of the content. */
  readonly id?: string;
  readonly content: string | Uint8Array;
  /** Media type of the content. Default `text/plain`. */
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
  /** Never rejects for what is wrong with the document or its way: that is in the outcome, and in the record. */
  ingest(input: IngestInput, options: { readonly signal: AbortSignal }): Promise<IngestOutcome>;
  /** Several documents, in their order; one that fails keeps no other back. */
  ingestMany(inputs: readonly IngestInput[], options: { readonly signal: AbortSignal }): Promise<IngestOutcome[]>;
  /** Removes a document's chunks and its record. False when there was neither. */
  remove(id: string, scope: DocumentScope & { readonly signal?: AbortSignal }): Promise<boolean>;
  status(id: string, scope: DocumentScope): Promise<IngestionRecord | undefined>;
}

export interface IngestionOptions {
  readonly embedder: Embedder;
  readonly vectorStore: VectorStore;
  readonly documentStore: DocumentStore;
  readonly chunking?: ChunkOptions;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

interface Prepared {
  readonly id: string;
  readonly scope: DocumentScope;
  readonly hash: string;
}

/**
 * Brings the vector store to what a document says, from whatever state it is in: unchanged documents cost one read,
 * changed ones the embedding of their changed chunks, and what is left of older versions goes. What failed half way is
 * completed by the next attempt, without doing again what was done.
 *
 * @throws AppError `configuration` when the chunking options do not fit together.
 */
export function createIngestion(options: IngestionOptions): Ingestion {
  const { embedder, vectorStore, documentStore, chunking = {}, now = Date.now } = options;
  const chunkOptions = checkChunkOptions(chunking);
  const inTurn = createTurns();

  const record = (
    { id, scope, hash }: Prepared,
    state: IngestionRecord['state'],
    chunks: number,
    error?: AppError,
  ): Promise<void> =>
    documentStore.putIngestion({
      ...scope,
      documentId: id,
      state,
      chunks,
      contentHash: hash,
      updatedAt: new Date(now()),
      ...(error === undefined ? {} : { error: { code: error.code, message: error.message } }),
    });

  const prepare = (input: IngestInput): Prepared => {
    const content = contentText(input);
    const { id = `doc-${sha256(content).slice(0, 24)}`, tenant, collection = DEFAULT_COLLECTION } = input;
    checkDocumentId(id);
    // Everything that decides chunks and vectors; equal hashes mean that there is nothing to do.
    const { contentType = '', title = '', source = '', metadata = {} } = input;
    const parts = [
      PIPELINE_VERSION,
      chunkOptions,
      embedder.space,
      contentType,
      title,
      source,
      toCanonicalJson(metadata),
    ];
    return { id, scope: { collection, tenant }, hash: sha256(JSON.stringify([...parts, content])) };
  };

  const converge = async (input: IngestInput, prepared: Prepared, signal: AbortSignal): Promise<IngestOutcome> => {
    const { id, scope, hash } = prepared;
    const known = await documentStore.getIngestion(id, scope);
    if (known?.state === 'ready' && known.contentHash === hash) {
      const { chunks } = known;
      return { id, status: 'unchanged', chunks, embedded: 0, skipped: chunks, tokens: 0 };
    }
    const { text, title } = await extractText({
      content: input.content,
      contentType: input.contentType ?? 'text/plain',
    });
    const pieces = chunkText(text, chunking);
    if (pieces.length === 0) {
      throw new AppError('invalid_request', 'The document holds no text.', { param: 'text' });
    }
    const plan = planChunks({
      pieces,
      stored: await vectorStore.listDocument(id, { ...scope, signal }),
      documentId: id,
      tenant: scope.tenant,
      metadata: { ...input.metadata, ...labels(input.title ?? title, input.source) },
    });
    const missing = plan.missing(embedder.matches);
    if (missing.length > WORTH_ANNOUNCING) await record(prepared, 'processing', 0);

    const storing = createStoring({ embedder, vectorStore, plan, collection: scope.collection, signal });
    await storing.run(missing);
    const { embedded, failed, tokens, error } = storing.result();
    const outcome = {
      id,
      chunks: pieces.length - failed,
      embedded,
      skipped: pieces.length - failed - embedded,
      tokens,
    };
    if (error !== undefined) {
      if (!signal.aborted) await record(prepared, 'failed', outcome.chunks, error).catch(() => undefined);
      return { ...outcome, status: 'failed', error };
    }
    // Only now: a crash before leaves the older version searchable, never a hole.
    if (plan.stale.length > 0) await vectorStore.delete({ ids: plan.stale }, { ...scope, signal });
    await record(prepared, 'ready', pieces.length);
    return { ...outcome, status: 'ready' };
  };

  const attempt = async (input: IngestInput, signal: AbortSignal): Promise<IngestOutcome> => {
    const nothing = { chunks: 0, embedded: 0, skipped: 0, tokens: 0 };
    let prepared: Prepared;
    try {
      if (signal.aborted) throw toAppError(signal.reason, signal);
      prepared = prepare(input);
    } catch (thrown) {
      return { id: input.id ?? '', status: 'failed', ...nothing, error: toAppError(thrown, signal) };
    }
    return inTurn(keyOf(prepared.id, prepared.scope), async () => {
      try {
        return await converge(input, prepared, signal);
      } catch (thrown) {
        const error = toAppError(thrown, signal);
        // When even the record fails there is nothing to add: the outcome says that the document did not arrive.
        if (!signal.aborted) await record(prepared, 'failed', 0, error).catch(() => undefined);
        return { id: prepared.id, status: 'failed', ...nothing, error };
      }
    });
  };

  return {
    ingest: (input, { signal }) => attempt(input, signal),
    ingestMany: (inputs, { signal }) => mapConcurrently(inputs, DOCUMENTS_AT_ONCE, (input) => attempt(input, signal)),
    remove: (id, { collection, tenant, signal }) =>
      inTurn(keyOf(id, { collection, tenant }), async () => {
        const scope = { collection, tenant };
        const known = await documentStore.getIngestion(id, scope);
        const { deleted } = await vectorStore.delete({ documentId: id }, { ...scope, ...(signal ? { signal } : {}) });
        await documentStore.deleteIngestion(id, scope);
        return known !== undefined || deleted > 0;
      }),
    status: (id, { collection, tenant }) => documentStore.getIngestion(id, { collection, tenant }),
  };
}

function keyOf(id: string, { collection, tenant }: DocumentScope): string {
  return JSON.stringify([collection, tenant, id]);
}

function contentText({ content }: IngestInput): string {
  return typeof content === 'string' ? content : Buffer.from(content).toString('base64');
}

function labels(title: string | undefined, source: string | undefined): Metadata {
  return { ...(title ? { title } : {}), ...(source ? { source } : {}) };
}
