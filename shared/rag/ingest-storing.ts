import { AppError, toAppError } from '../contracts/app-error.ts';
import type { Chunk, VectorStore } from '../contracts/vector-store.ts';
import { mapConcurrently } from './concurrency.ts';
import type { Embedder } from './embed.ts';
import type { Plan, PlannedText } from './ingest-plan.ts';

/** Texts that are embedded and then stored together: one group is written while others are embedded. */
const GROUP_SIZE = 100;
const GROUPS_AT_ONCE = 6;

export interface StoringOptions {
  readonly embedder: Embedder;
  readonly vectorStore: VectorStore;
  readonly plan: Plan;
  readonly collection: string;
  /** Awaited before each write. What it throws ends the storing. */
  readonly beforeWrite: () => Promise<void>;
  readonly signal: AbortSignal;
}

export interface StoringResult {
  /** Chunks stored with a new vector. */
  readonly embedded: number;
  /** Chunks that are not stored as they should be. */
  readonly failed: number;
  readonly tokens: number;
  /** The first thing that went wrong. */
  readonly error: AppError | undefined;
}

/**
 * Embeds what is missing and stores it, group by group. After a failure no further group begins; what was stored stays.
 */
export function createStoring({ embedder, vectorStore, plan, collection, beforeWrite, signal }: StoringOptions) {
  let embedded = 0;
  let failed = 0;
  let tokens = 0;
  let error: AppError | undefined;

  const store = async (chunks: readonly Chunk[]): Promise<number> => {
    if (chunks.length === 0) return 0;
    try {
      await beforeWrite();
      const report = await vectorStore.upsert(chunks, { collection, signal });
      error ??= report.failed[0]?.error;
      failed += report.failed.length;
      return chunks.length - report.failed.length;
    } catch (thrown) {
      error ??= toAppError(thrown, signal);
      failed += chunks.length;
      return 0;
    }
  };

  const storeGroup = async (group: readonly PlannedText[]): Promise<void> => {
    if (error !== undefined) {
      failed += chunksOf(group);
      return;
    }
    try {
      const result = await embedder.embedDocuments(
        group.map(({ content }) => content),
        { signal },
      );
      tokens += result.tokens;
      const embeddingModel = embedder.fingerprint ?? embedder.space;
      const chunks = group.flatMap(({ contentHash }, position) => {
        const embedding = result.vectors[position];
        return embedding === undefined ? [] : plan.place(contentHash, { embedding, embeddingModel });
      });
      // Not `embedded += await …`: that reads `embedded` before the wait and loses what other groups add meanwhile.
      const stored = await store(chunks);
      embedded += stored;
    } catch (thrown) {
      const fault = toAppError(thrown, signal);
      tokens += fault.usage?.prompt_tokens ?? 0;
      error ??= fault;
      failed += chunksOf(group);
    }
  };

  const chunksOf = (group: readonly PlannedText[]): number =>
    group.reduce((total, { contentHash }) => total + plan.count(contentHash), 0);

  return {
    async run(missing: readonly PlannedText[]): Promise<void> {
      await mapConcurrently(toGroups(missing), GROUPS_AT_ONCE, storeGroup);
      // The model's first answer tells its dimension, by which vectors that counted as current may turn out outdated.
      const outdated = error === undefined ? plan.missing(embedder.matches) : [];
      await mapConcurrently(toGroups(outdated), GROUPS_AT_ONCE, storeGroup);
      const moved = plan.moved();
      if (error === undefined) await store(moved);
    },
    result(): StoringResult {
      if (error === undefined) return { embedded, failed, tokens, error };
      return { embedded, failed, tokens, error: summarize(error, failed) };
    },
  };
}

function toGroups(texts: readonly PlannedText[]): PlannedText[][] {
  const groups: PlannedText[][] = [];
  for (let start = 0; start < texts.length; start += GROUP_SIZE) groups.push(texts.slice(start, start + GROUP_SIZE));
  return groups;
}

function summarize(error: AppError, failed: number): AppError {
  const chunks = failed === 1 ? '1 chunk' : `${failed} chunks`;
  return new AppError(error.code, `${chunks} could not be stored. ${error.message}`, {
    retryable: error.retryable,
    details: { failed },
    cause: error,
    // A text of the embedding request is a passage of the document.
    ...(error.param === undefined ? {} : { param: error.param.replace(/^input\[\d+\]$/, 'text') }),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    ...(error.upstreamStatus === undefined ? {} : { upstreamStatus: error.upstreamStatus }),
  });
}
