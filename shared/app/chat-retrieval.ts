import type { SluiceConfig } from '../config/types.ts';
import type { Citation } from '../contracts/context-format.ts';
import type { Filter } from '../contracts/filter.ts';
import type { SluiceOptions } from '../http/schemas/common-schema.ts';
import { buildContext } from '../rag/prompt.ts';
import type { Retriever } from '../rag/retrieve.ts';
import type { Caller } from './caller.ts';
import type { EmbeddingUsage } from './embedding-usage.ts';
import type { Lazy } from './lazy.ts';

export interface ChatRetrieval {
  /** What is found for a question, as a message for the model and as citations for the caller. */
  find(input: {
    readonly query: string;
    readonly options: Exclude<SluiceOptions['retrieval'], boolean | undefined>;
    readonly caller: Caller;
    readonly tenant: string | null;
    readonly signal: AbortSignal;
  }): Promise<{ readonly message: string; readonly citations: readonly Citation[] }>;
}

/** Tokens of retrieved context put before a model whose window is not known. Fits every model of the last years. */
const CONTEXT_TOKENS = 6_000;

export interface ChatRetrievalOptions {
  readonly config: SluiceConfig;
  readonly retriever: Lazy<Retriever>;
  readonly usage: EmbeddingUsage;
}

export function createChatRetrieval({ config, retriever, usage }: ChatRetrievalOptions): ChatRetrieval {
  return {
    async find({ query, options, caller, tenant, signal }) {
      if (query.trim() === '') return buildContext({ results: [], maxTokens: CONTEXT_TOKENS });
      await usage.check(caller);
      const minScore = options.min_score ?? config.retrieval.minScore;
      const { results, tokens } = await (await retriever.get()).search({
        query,
        topK: options.top_k ?? config.retrieval.topK,
        tenant,
        signal,
        mode: options.mode ?? config.retrieval.mode,
        ...(minScore === undefined ? {} : { minScore }),
        ...(options.filter === undefined ? {} : { filter: options.filter as Filter }),
        ...(options.collection === undefined ? {} : { collection: options.collection }),
      });
      await usage.record({ target: config.embeddings, tokens, caller, tenant });
      return buildContext({ results, maxTokens: CONTEXT_TOKENS });
    },
  };
}
