import type { SluiceConfig } from '../../config/types.ts';
import type { Citation } from '../../contracts/context-format.ts';
import type { Filter } from '../../contracts/filter.ts';
import type { ChatBody } from '../../http/schemas/chat-schema.ts';
import type { SluiceOptions } from '../../http/schemas/common-schema.ts';
import { type Complete, type ExpandedQuery, expandQuery } from '../../rag/expand-query.ts';
import { buildContext, createPassageToken } from '../../rag/prompt.ts';
import type { Retriever, SearchResult } from '../../rag/retrieve.ts';
import { shortenMessage } from '../../rag/shorten-message.ts';
import type { EmbeddingUsage } from '../accounting/embedding-usage.ts';
import type { Caller } from '../caller.ts';
import type { Lazy } from '../lazy.ts';
import { historyOf } from './chat-request.ts';

export interface ChatRetrieval {
  /** What is found for a question, as a message for the model and as citations for the caller. */
  find(input: {
    readonly query: string;
    /** The conversation that ends with the question, from which a question that refers back to it is rewritten. */
    readonly messages?: ChatBody['messages'];
    /** The agent's own model, for rewriting; without it the question is searched for as it is. */
    readonly complete?: Complete;
    readonly options: Exclude<SluiceOptions['retrieval'], boolean | undefined>;
    readonly caller: Caller;
    readonly tenant: string | null;
    readonly signal: AbortSignal;
  }): Promise<RetrievedContext>;
}

/** All that was found; `within` gives as much of it as one model has room for. */
export interface RetrievedContext {
  /** Text of a system message. */
  readonly message: string;
  readonly citations: readonly Citation[];
  /** As many of the best passages as fit into `maxTokens`, by estimate; the best one in any case. */
  within(maxTokens: number): Pick<RetrievedContext, 'message' | 'citations'>;
}

/** A message may hold a whole text besides its question; more of it makes the search slower and no better. */
const MAX_QUESTION_TOKENS = 2_000;

export interface ChatRetrievalOptions {
  readonly config: SluiceConfig;
  readonly retriever: Lazy<Retriever>;
  readonly usage: EmbeddingUsage;
}

export function createChatRetrieval({ config, retriever, usage }: ChatRetrievalOptions): ChatRetrieval {
  const { topK, minScore, mode: configuredMode, mmr, rewrite, multiQuery } = config.retrieval;

  const expand = async (
    question: string,
    messages: ChatBody['messages'],
    { complete, signal }: { readonly complete: Complete | undefined; readonly signal: AbortSignal },
  ): Promise<ExpandedQuery> =>
    complete === undefined
      ? { query: question, variants: [] }
      : await expandQuery({
          question,
          history: rewrite ? historyOf(messages) : [],
          rewrite,
          variants: multiQuery,
          complete,
          signal,
        });

  return {
    async find({ query: asked, messages = [], complete, options, caller, tenant, signal }) {
      if (asked.trim() === '') return toContext([]);
      const question = shortenMessage(asked, MAX_QUESTION_TOKENS);
      await usage.check(caller);
      const mode = options.mode ?? configuredMode;
      // The configured min_score is a similarity of vectors, which a search by words alone does not have.
      const least = options.min_score ?? (mode === 'lexical' ? undefined : minScore);
      const { query, variants } = await expand(question, messages, { complete, signal });
      const { results, tokens } = await (await retriever.get()).search({
        query,
        isMessage: true,
        variants,
        topK: options.top_k ?? topK,
        tenant,
        signal,
        mode,
        mmr,
        ...(least === undefined ? {} : { minScore: least }),
        ...(options.neighbors === undefined ? {} : { neighbors: options.neighbors }),
        ...(options.filter === undefined ? {} : { filter: options.filter as Filter }),
        ...(options.collection === undefined ? {} : { collection: options.collection }),
      });
      await usage.record({ target: config.embeddings, tokens, caller, tenant });
      return toContext(results, options.include_content === true);
    },
  };
}

function toContext(results: readonly SearchResult[], withContent = false): RetrievedContext {
  // One token for every length, so that `within` gives the same message for the same room each time it is asked.
  const token = createPassageToken();
  const within = (maxTokens: number) => buildContext({ results, maxTokens, token, withContent });
  return { ...within(Number.POSITIVE_INFINITY), within };
}
