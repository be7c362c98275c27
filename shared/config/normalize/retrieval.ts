import { defined } from '../objects.ts';
import type { RetrievalInput } from '../schema/retrieval.ts';
import type { RetrievalConfig } from '../types.ts';

export function normalizeRetrieval(input: RetrievalInput | undefined, { topK }: { topK: number }): RetrievalConfig {
  return defined({
    topK: input?.top_k ?? topK,
    minScore: input?.min_score,
    mode: input?.mode,
    mmr: input?.mmr === undefined ? undefined : { lambda: input.mmr.lambda ?? 0.5 },
    rewrite: input?.rewrite ?? false,
    multiQuery: input?.multi_query ?? 0,
    answerWithoutContext: input?.answer_without_context ?? true,
  });
}
