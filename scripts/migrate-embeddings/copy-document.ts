import type { CollectionParts } from '../../shared/app/collection-parts.ts';
import type { Chunk, StoredChunk, StoreScope } from '../../shared/contracts/vector-store.ts';
import { toCanonicalJson } from '../../shared/rag/ingest-plan.ts';
import { estimateTokens } from '../../shared/usage/tokens.ts';

/**
 * `copied`: embedded and written, or to be. `unchanged`: the same stands there. `newer`: the new configuration has
 * written it itself. `gone`: it was deleted after the switch. `removed`: it stands there and no longer here.
 */
export type CopyStatus = 'copied' | 'unchanged' | 'newer' | 'gone' | 'removed';

export interface CopyOutcome {
  readonly status: CopyStatus;
  readonly chunks: number;
  /** Of these, how many had to be embedded. */
  readonly embedded: number;
  readonly tokens: number;
}

export interface CopyTools {
  readonly source: CollectionParts;
  readonly target: CollectionParts;
  /**
   * Times that the runs of this migration write into their chunks. What has another time was written by a service that
   * runs with the new configuration, and that knows better.
   */
  readonly runs: ReadonlySet<number>;
  /** After the switch: what has no chunks in the new collection and no record was deleted there. */
  readonly isFinish: boolean;
  readonly isDryRun: boolean;
  readonly signal: AbortSignal;
}

type Stored = StoredChunk & { readonly embedding: Float32Array };

const NOTHING = { chunks: 0, embedded: 0, tokens: 0 };

/** Brings the chunks of one document in the new collection to what the old one has. @throws AppError. */
export async function copyDocument(
  { source, target, runs, isFinish, isDryRun, signal }: CopyTools,
  documentId: string,
  scope: Omit<StoreScope, 'signal'>,
): Promise<CopyOutcome> {
  const there = { ...scope, signal };
  const [wanted, stored] = await Promise.all([
    source.vectorStore.listDocument(documentId, there),
    target.vectorStore.listDocument(documentId, there),
  ]);
  const isOurs = stored.every(({ updatedAt }) => runs.has(updatedAt.getTime()));
  if (wanted.length === 0) {
    if (stored.length === 0 || !isOurs) return { status: 'newer', ...NOTHING };
    if (!isDryRun) await target.vectorStore.delete({ documentId }, there);
    return { status: 'removed', ...NOTHING, chunks: stored.length };
  }
  const isCurrent = ({ embeddingModel }: StoredChunk) => target.embedder.matches(embeddingModel);
  if (stored.every(isCurrent) && isSame(wanted, stored)) return { status: 'unchanged', ...NOTHING };
  if (stored.length > 0 && !isOurs) return { status: 'newer', ...NOTHING };
  if (isFinish && stored.length === 0) {
    const record = await target.documentStore.getIngestion(documentId, scope);
    if (record === undefined || record.state === 'deleted') return { status: 'gone', ...NOTHING };
  }

  // The same text has the same vector: what was copied before, or was made by the same model, is not embedded again.
  const vectors = new Map<string, Float32Array>(
    [...wanted, ...stored].filter(isCurrent).map(({ content, embedding }) => [content, embedding]),
  );
  const missing = [...new Set(wanted.map(({ content }) => content))].filter((content) => !vectors.has(content));
  if (isDryRun) {
    const tokens = missing.reduce((sum, content) => sum + estimateTokens(content), 0);
    return { status: 'copied', chunks: wanted.length, embedded: missing.length, tokens };
  }
  const embedded = await target.embedder.embedDocuments(missing, { signal });
  for (const [place, content] of missing.entries()) vectors.set(content, embedded.vectors[place] as Float32Array);
  const chunks = wanted.map((chunk) => toChunk(chunk, vectors, target.embedder.fingerprint ?? target.embedder.space));
  const { failed } = await target.vectorStore.upsert(chunks, { collection: scope.collection, signal });
  const [first] = failed;
  if (first !== undefined) throw first.error;
  const kept = new Set(wanted.map(({ id }) => id));
  const stale = stored.map(({ id }) => id).filter((id) => !kept.has(id));
  if (stale.length > 0) await target.vectorStore.delete({ ids: stale }, there);
  return { status: 'copied', chunks: chunks.length, embedded: missing.length, tokens: embedded.tokens };
}

function toChunk(
  { createdAt: _createdAt, updatedAt: _updatedAt, ...chunk }: Stored,
  vectors: ReadonlyMap<string, Float32Array>,
  embeddingModel: string,
): Chunk {
  return { ...chunk, embedding: vectors.get(chunk.content) as Float32Array, embeddingModel };
}

/** Whether two lists of chunks say the same, whatever their vectors. */
function isSame(left: readonly StoredChunk[], right: readonly StoredChunk[]): boolean {
  return toComparable(left) === toComparable(right);
}

function toComparable(chunks: readonly StoredChunk[]): string {
  return chunks
    .map(({ id, index, content, metadata }) => JSON.stringify([id, index, content, toCanonicalJson(metadata)]))
    .sort()
    .join('\n');
}
