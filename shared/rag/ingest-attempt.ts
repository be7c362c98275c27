import { AppError, toAppError } from '../contracts/app-error.ts';
import type { DocumentScope } from '../contracts/document-store.ts';
import type { EmbeddingProvider } from '../contracts/embedding-provider.ts';
import { checkDocumentMetadata } from '../contracts/metadata-rules.ts';
import type { Metadata, VectorStore } from '../contracts/vector-store.ts';
import { SURELY_WITHIN } from '../usage/tokens.ts';
import { type ChunkOptions, checkChunkOptions, chunkText } from './chunk.ts';
import { isDocumentFault } from './document-fault.ts';
import type { Embedder } from './embed.ts';
import { sniffContentType } from './extract.ts';
import type { FileReader } from './file-reader.ts';
import type { IngestInput, IngestOutcome } from './ingest.ts';
import type { Claim, Settlement } from './ingest-claim.ts';
import { planChunks, type TextPiece } from './ingest-plan.ts';
import { createStoring } from './ingest-storing.ts';
import type { ModelGuard } from './model-guard.ts';

export interface AttemptTools {
  readonly embedder: Embedder;
  readonly vectorStore: VectorStore;
  readonly guard: ModelGuard;
  readonly chunking: ChunkOptions;
  readonly readFile: FileReader;
  /** Equal hashes mean equal chunks and vectors. */
  readonly hashOf: (input: IngestInput) => string;
}

export interface AttemptInput {
  readonly id: string;
  readonly scope: DocumentScope;
  readonly claim: Claim;
  /** The document is in the document store: when it is itself at fault, its older chunks are removed as well. */
  readonly fromStore: boolean;
  /** What the document says now; undefined: it is not, or no longer, part of this scope. */
  readonly source: () => Promise<IngestInput | undefined>;
  readonly signal: AbortSignal;
}

/** An attempt's outcome; `deleted`: the document is not part of the scope, and its chunks are gone. */
export type AttemptOutcome = Omit<IngestOutcome, 'status'> & {
  readonly status: IngestOutcome['status'] | 'deleted';
};

interface Counts {
  readonly chunks: number;
  readonly embedded: number;
  readonly skipped: number;
  readonly tokens: number;
}

export const NOTHING: Counts = { chunks: 0, embedded: 0, skipped: 0, tokens: 0 };

/**
 * One attempt under a claim: reads the document, brings the stored chunks to what it says and settles the claim.
 * Undefined when the claim was lost on the way: its new holder may have planned with chunks that this attempt changed
 * afterwards, so the attempt has to be made again.
 */
export async function attemptUnderClaim(
  tools: AttemptTools,
  attempt: AttemptInput,
): Promise<AttemptOutcome | undefined> {
  const { id, claim, signal } = attempt;
  let contentHash = '';

  const fail = async (error: AppError, counts: Counts): Promise<AttemptOutcome | undefined> => {
    if (claim.isLost) return undefined;
    if (signal.aborted && !claim.hasWritten) {
      await claim.restore().catch(() => undefined);
      return { id, ...counts, status: 'failed', error };
    }
    let failure = error;
    let { chunks } = counts;
    if (attempt.fromStore && isDocumentFault(error)) {
      chunks = 0;
      failure = (await clear(tools, attempt).then(() => undefined, clearingFault)) ?? error;
    }
    // A failure to record it adds nothing: the outcome already says that the document was not ingested.
    await claim.settle({ state: 'failed', chunks, contentHash, error: toRecordError(failure) }).catch(() => undefined);
    return claim.isLost ? undefined : { id, ...counts, status: 'failed', error: failure };
  };

  /** Why the chunks could not be removed. A document fault is no reason: such an id or collection has no chunks. */
  const clearingFault = (thrown: unknown): AppError | undefined => {
    const fault = toAppError(thrown, signal);
    return isDocumentFault(fault) ? undefined : fault;
  };

  try {
    const input = await attempt.source();
    if (input === undefined) {
      await clear(tools, attempt);
      const isSettled = await claim.settle({ state: 'deleted', chunks: 0, contentHash });
      return isSettled ? { id, status: 'deleted', ...NOTHING } : undefined;
    }
    contentHash = tools.hashOf(input);
    // The store would refuse it too, but only once the vectors are paid for.
    checkDocumentMetadata({ ...input.metadata, ...labels(input.title, input.source) }, 'metadata');
    const { error, ...counts } = await enterAndFill(tools, attempt, input);
    if (error !== undefined) return await fail(error, counts);
    const isSettled = await claim.settle({ state: 'ready', chunks: counts.chunks, contentHash });
    return isSettled ? { id, status: 'ready', ...counts } : undefined;
  } catch (thrown) {
    return await fail(toAppError(thrown, signal), NOTHING);
  }
}

/** Runs `fill`, announced to the guard as something that may write the first vectors of its collection. */
async function enterAndFill(tools: AttemptTools, attempt: AttemptInput, input: IngestInput): ReturnType<typeof fill> {
  const leave = tools.guard.enter(attempt.scope.collection);
  try {
    return await fill(tools, attempt, input);
  } finally {
    await leave({ mayHaveWritten: attempt.claim.hasWritten });
  }
}

/** @throws AppError for a document that cannot be read; what fails on the way to the store is in the result. */
async function fill(
  tools: AttemptTools,
  { id, scope, claim, signal }: AttemptInput,
  input: IngestInput,
): Promise<Counts & { readonly error?: AppError }> {
  const { embedder, vectorStore, guard } = tools;
  const { collection } = scope;
  const { pieces, title } = await readPieces(tools, input, signal);
  // Before anything is embedded and paid for.
  await guard.check({ collection, signal });
  const plan = planChunks({
    pieces,
    stored: await vectorStore.listDocument(id, { ...scope, signal }),
    documentId: id,
    tenant: scope.tenant,
    metadata: { ...input.metadata, ...labels(input.title ?? title, input.source) },
  });
  const storing = createStoring({
    embedder,
    vectorStore,
    plan,
    collection,
    async beforeWrite() {
      await guard.check({ collection, signal });
      await claim.keep();
    },
    signal,
  });
  await storing.run(plan.missing(embedder.matches));
  const { embedded, failed, tokens, error } = storing.result();
  const chunks = pieces.length - failed;
  if (chunks > 0) await guard.filled(collection);
  const counts = { chunks, embedded, skipped: chunks - embedded, tokens };
  if (error !== undefined) return { ...counts, error };
  // Last, so that after a crash at any point the older version is still found.
  if (plan.stale.length > 0) {
    await claim.keep();
    await vectorStore.delete({ ids: plan.stale }, { ...scope, signal });
  }
  return counts;
}

async function clear({ vectorStore }: AttemptTools, { id, scope, claim, signal }: AttemptInput): Promise<void> {
  await claim.keep();
  await vectorStore.delete({ documentId: id }, { ...scope, signal });
}

async function readPieces(
  { chunking, readFile, embedder }: AttemptTools,
  { content, contentType }: IngestInput,
  signal: AbortSignal,
): Promise<{ readonly pieces: readonly TextPiece[]; readonly title: string | undefined }> {
  const { text, title, pages } = await readFile(
    { content, contentType: contentType ?? sniffContentType(content) },
    signal,
  );
  await embedder.provider.learnLimits?.(signal);
  const pieces = chunkText(text, withinModel(chunking, embedder.provider));
  if (pieces.length === 0) {
    throw new AppError('invalid_request', 'The document holds no text.', { param: 'text' });
  }
  return { pieces: pages === undefined ? pieces : withPages(pieces, pages), title };
}

/**
 * Chunks that surely fit the embedding model, however large they may be by the options. Most do anyway: no text is
 * estimated at more tokens than it has characters, and counting them takes time.
 */
function withinModel(chunking: ChunkOptions, { maxInputTokens }: EmbeddingProvider): ChunkOptions {
  const { mode, size, maxTokens = Number.POSITIVE_INFINITY } = checkChunkOptions(chunking);
  const most = Math.max(1, Math.floor(maxInputTokens * SURELY_WITHIN));
  return mode === 'structural' && size <= most ? chunking : { ...chunking, maxTokens: Math.min(most, maxTokens) };
}

/** @param pages where each page begins, ascending. */
function withPages(pieces: readonly TextPiece[], pages: readonly number[]): TextPiece[] {
  let page = 0;
  return pieces.map((piece) => {
    while ((pages[page] ?? Number.POSITIVE_INFINITY) <= piece.start) page += 1;
    return { ...piece, page };
  });
}

/** The record has no place for the field at fault, so the message names it. */
function toRecordError({ code, message, param }: AppError): NonNullable<Settlement['error']> {
  const field = param?.replace(/^chunks\[\d+\]\./, '');
  return { code, message: field === undefined || message.includes(field) ? message : `${message} (${field})` };
}

function labels(title: string | undefined, source: string | undefined): Metadata {
  return { ...(title ? { title } : {}), ...(source ? { source } : {}) };
}
