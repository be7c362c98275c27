import type { z } from 'zod';
import type { SluiceConfig } from '../config/types.ts';
import type { Filter } from '../contracts/filter.ts';
import type { Metadata, ScoredChunk } from '../contracts/vector-store.ts';
import type { searchSchema, vectorStoreSearchSchema } from '../http/schemas/search-schema.ts';
import type { Retriever } from '../rag/retrieve.ts';
import { type Caller, tenantOf } from './caller.ts';
import type { EmbeddingUsage } from './embedding-usage.ts';
import type { Lazy } from './lazy.ts';

interface Request<Body> {
  readonly body: Body;
  readonly caller: Caller;
  readonly signal: AbortSignal;
  readonly facts: Record<string, unknown>;
}

export interface SearchService {
  search(input: Request<z.output<typeof searchSchema>>): Promise<SearchAnswer>;
  /** The same in OpenAI's shape, so that `client.vectorStores.search()` works. */
  vectorStoreSearch(
    input: Request<z.output<typeof vectorStoreSearchSchema>> & { readonly collection: string },
  ): Promise<VectorStoreSearchAnswer>;
}

export interface SearchAnswer {
  readonly object: 'list';
  readonly data: readonly {
    readonly id: string;
    readonly document_id: string;
    readonly score: number;
    readonly content: string;
    readonly metadata: Metadata;
  }[];
  readonly usage: { readonly prompt_tokens: number; readonly total_tokens: number };
  readonly sluice: { readonly cost_usd: number | null };
}

export interface VectorStoreSearchAnswer {
  readonly object: 'vector_store.search_results.page';
  readonly search_query: readonly string[];
  readonly data: readonly {
    readonly file_id: string;
    readonly filename: string;
    readonly score: number;
    readonly attributes: Record<string, string | number | boolean> | null;
    readonly content: readonly { readonly type: 'text'; readonly text: string }[];
  }[];
  readonly has_more: boolean;
  readonly next_page: string | null;
}

export interface SearchServiceOptions {
  readonly config: SluiceConfig;
  readonly retriever: Lazy<Retriever>;
  readonly usage: EmbeddingUsage;
}

/** OpenAI's own default. */
const DEFAULT_RESULTS = 10;

export function createSearchService({ config, retriever, usage }: SearchServiceOptions): SearchService {
  return {
    async search({ body, caller, signal, facts }) {
      await usage.check(caller);
      const tenant = tenantOf(caller, body.sluice?.tenant);
      const { results, tokens } = await (await retriever.get()).search({
        query: body.query,
        topK: body.top_k ?? config.vectorstore?.defaultTopK ?? DEFAULT_RESULTS,
        tenant,
        signal,
        ...(body.min_score === undefined ? {} : { minScore: body.min_score }),
        ...(body.filter === undefined ? {} : { filter: body.filter as Filter }),
        ...(body.collection === undefined ? {} : { collection: body.collection }),
        ...(body.mode === undefined ? {} : { mode: body.mode }),
      });
      Object.assign(facts, { results: results.length, prompt_tokens: tokens });
      const cost = await usage.record({ target: config.embeddings, tokens, caller, tenant });
      return {
        object: 'list',
        data: results.map(({ id, documentId, score, content, metadata }) => ({
          id,
          document_id: documentId,
          score,
          content,
          metadata,
        })),
        usage: { prompt_tokens: tokens, total_tokens: tokens },
        sluice: { cost_usd: cost },
      };
    },

    async vectorStoreSearch({ collection, body, caller, signal, facts }) {
      const queries = typeof body.query === 'string' ? [body.query] : body.query;
      const topK = body.max_num_results ?? DEFAULT_RESULTS;
      await usage.check(caller);
      const search = await retriever.get();
      const tenant = tenantOf(caller, body.sluice?.tenant);
      const lists = await Promise.all(
        queries.map((query) =>
          search.search({
            query,
            topK,
            collection,
            tenant,
            signal,
            ...(body.ranking_options?.score_threshold === undefined
              ? {}
              : { minScore: body.ranking_options.score_threshold }),
            ...(body.filters === undefined ? {} : { filter: body.filters as Filter }),
          }),
        ),
      );
      const results = mergeBest(lists.map((list) => list.results)).slice(0, topK);
      const tokens = lists.reduce((sum, list) => sum + list.tokens, 0);
      await usage.record({ target: config.embeddings, tokens, caller, tenant });
      Object.assign(facts, { results: results.length, prompt_tokens: tokens });
      return {
        object: 'vector_store.search_results.page',
        search_query: queries,
        data: results.map((chunk) => ({
          file_id: chunk.documentId,
          filename: filenameOf(chunk),
          score: chunk.score,
          attributes: toAttributes(chunk.metadata),
          content: [{ type: 'text', text: chunk.content }],
        })),
        has_more: false,
        next_page: null,
      };
    },
  };
}

/** Several queries' results as one list: each chunk once, with its best score. */
function mergeBest(lists: readonly (readonly ScoredChunk[])[]): ScoredChunk[] {
  const best = new Map<string, ScoredChunk>();
  for (const chunk of lists.flat()) {
    const known = best.get(chunk.id);
    if (!known || chunk.score > known.score) best.set(chunk.id, chunk);
  }
  return [...best.values()].sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
}

function filenameOf({ documentId, metadata }: ScoredChunk): string {
  for (const name of [metadata.source, metadata.title]) if (typeof name === 'string' && name !== '') return name;
  return documentId;
}

/** OpenAI's attributes are scalars; lists and nulls have no place there. */
function toAttributes(metadata: Metadata): Record<string, string | number | boolean> {
  const scalars = Object.entries(metadata).filter(([, value]) => value !== null && typeof value !== 'object');
  return Object.fromEntries(scalars) as Record<string, string | number | boolean>;
}
