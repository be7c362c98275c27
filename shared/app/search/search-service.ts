import type * as z from 'zod';
import type { SluiceConfig } from '../../config/types.ts';
import type { Filter } from '../../contracts/filter.ts';
import type { Metadata } from '../../contracts/vector-store.ts';
import type { searchSchema, vectorStoreSearchSchema } from '../../http/schemas/search-schema.ts';
import type { Highlight } from '../../rag/highlight.ts';
import type { Retriever, SearchResult } from '../../rag/retrieve.ts';
import type { CallFacts } from '../../telemetry/call.ts';
import type { EmbeddingUsage } from '../accounting/embedding-usage.ts';
import { type Caller, tenantOf } from '../caller.ts';
import type { Lazy } from '../lazy.ts';
import type { ReadEstimate } from './search-reads.ts';

interface Request<Body> {
  readonly body: Body;
  readonly caller: Caller;
  readonly signal: AbortSignal;
  readonly facts: CallFacts;
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
    /** Falls from one to the next; see `SearchResult`. */
    readonly score: number;
    /** Where words counted too: what the vector and what the words said, as far as each found the chunk. */
    readonly scores?: { readonly vector?: number; readonly lexical: number };
    readonly content: string;
    readonly metadata: Metadata;
    /** When asked for: where the query's words stand in `content`. */
    readonly highlights?: readonly Highlight[];
  }[];
  readonly usage: { readonly prompt_tokens: number; readonly total_tokens: number };
  readonly sluice: {
    readonly cost_usd: number | null;
    /** Where the store charges for them: about how many document reads the search was. */
    readonly reads?: number | null;
  };
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
  /** Absent for stores that charge nothing. */
  readonly reads?: ReadEstimate;
}

/** OpenAI's own default. */
const DEFAULT_RESULTS = 10;

export function createSearchService({ config, retriever, usage, reads }: SearchServiceOptions): SearchService {
  const { mode, mmr } = config.retrieval;
  return {
    async search({ body, caller, signal, facts }) {
      await usage.check(caller);
      const tenant = tenantOf(caller, body.sluice?.tenant);
      const search = await retriever.get();
      const estimate = reads?.begin({ collection: body.collection ?? 'default', tenant });
      const { results, tokens, store } = await search.search({
        query: body.query,
        topK: body.top_k ?? config.vectorstore?.defaultTopK ?? DEFAULT_RESULTS,
        tenant,
        signal,
        mode: body.mode ?? mode,
        mmr,
        ...(body.offset === undefined ? {} : { offset: body.offset }),
        ...(body.neighbors === undefined ? {} : { neighbors: body.neighbors }),
        ...(body.min_score === undefined ? {} : { minScore: body.min_score }),
        ...(body.filter === undefined ? {} : { filter: body.filter as Filter }),
        ...(body.collection === undefined ? {} : { collection: body.collection }),
      });
      const read = await estimate?.(store);
      Object.assign(facts, {
        tenant,
        results: results.length,
        prompt_tokens: tokens,
        ...(read == null ? {} : { reads: read }),
      } satisfies CallFacts);
      const cost = await usage.record({ target: config.embeddings, tokens, caller, tenant });
      facts.cost_usd = cost;
      const highlight =
        body.highlights === true ? (await import('../../rag/highlight.ts')).createHighlighter(body.query) : undefined;
      return {
        object: 'list',
        data: results.map((result) => ({
          id: result.id,
          document_id: result.documentId,
          score: result.score,
          ...scoresOf(result),
          content: result.content,
          metadata: result.metadata,
          ...(highlight === undefined ? {} : { highlights: highlight(result.content) }),
        })),
        usage: { prompt_tokens: tokens, total_tokens: tokens },
        sluice: { cost_usd: cost, ...(read === undefined ? {} : { reads: read }) },
      };
    },

    async vectorStoreSearch({ collection, body, caller, signal, facts }) {
      const queries = typeof body.query === 'string' ? [body.query] : body.query;
      const [query = '', ...variants] = queries;
      await usage.check(caller);
      const tenant = tenantOf(caller, body.sluice?.tenant);
      const { results, tokens } = await (await retriever.get()).search({
        query,
        variants,
        topK: body.max_num_results ?? DEFAULT_RESULTS,
        collection,
        tenant,
        signal,
        mode,
        mmr,
        ...(body.ranking_options?.score_threshold === undefined
          ? {}
          : { minScore: body.ranking_options.score_threshold }),
        ...(body.filters === undefined ? {} : { filter: body.filters as Filter }),
      });
      const cost = await usage.record({ target: config.embeddings, tokens, caller, tenant });
      Object.assign(facts, {
        tenant,
        cost_usd: cost,
        results: results.length,
        prompt_tokens: tokens,
      } satisfies CallFacts);
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

function scoresOf({ similarity, wordScore }: SearchResult): { scores?: { vector?: number; lexical: number } } {
  if (wordScore === undefined) return {};
  return { scores: { ...(similarity === undefined ? {} : { vector: similarity }), lexical: wordScore } };
}

function filenameOf({ documentId, metadata }: SearchResult): string {
  for (const name of [metadata.source, metadata.title]) if (typeof name === 'string' && name !== '') return name;
  return documentId;
}

/** OpenAI's attributes are scalars; lists and nulls have no place there. */
function toAttributes(metadata: Metadata): Record<string, string | number | boolean> {
  const scalars = Object.entries(metadata).filter(([, value]) => value !== null && typeof value !== 'object');
  return Object.fromEntries(scalars) as Record<string, string | number | boolean>;
}
