import { AppError } from '../contracts/app-error.ts';
import type { Filter } from '../contracts/filter.ts';
import type { ScoredChunk, VectorStore } from '../contracts/vector-store.ts';
import type { Embedder } from './embed.ts';

export interface SearchInput {
  readonly query: string;
  /** 1 to 1,000. */
  readonly topK: number;
  readonly tenant: string | null;
  readonly signal: AbortSignal;
  readonly minScore?: number;
  readonly filter?: Filter;
  /** Default `default`. */
  readonly collection?: string;
  /** Default `vector`. */
  readonly mode?: 'vector' | 'lexical' | 'hybrid';
}

export interface SearchOutcome {
  /** Best first. */
  readonly results: readonly ScoredChunk[];
  /** What embedding the query cost. */
  readonly tokens: number;
}

export interface Retriever {
  /**
   * @throws AppError `unsupported` for a mode that is not there, `configuration` when the collection was filled by
   * another embedding model, and what embedder and store throw.
   */
  search(input: SearchInput): Promise<SearchOutcome>;
}

export interface RetrieverOptions {
  readonly embedder: Embedder;
  readonly vectorStore: VectorStore;
}

/** Semantic search: the query's vector against the store's. */
export function createRetriever({ embedder, vectorStore }: RetrieverOptions): Retriever {
  return {
    async search({ query, topK, tenant, signal, minScore, filter, collection = 'default', mode = 'vector' }) {
      if (mode !== 'vector') {
        throw new AppError('unsupported', `The search mode ${mode} is not available. There is vector.`, {
          param: 'mode',
        });
      }
      const { vector, tokens } = await embedder.embedQuery(query, { signal });
      const results = await vectorStore.query({
        vector,
        text: query,
        topK,
        tenant,
        collection,
        signal,
        ...(minScore === undefined ? {} : { minScore }),
        ...(filter === undefined ? {} : { filter }),
      });
      const foreign = results.find(({ embeddingModel }) => !embedder.matches(embeddingModel));
      if (foreign) {
        // Vectors of two models have nothing to do with each other: the scores would be noise that looks like results.
        throw new AppError(
          'configuration',
          `The collection ${collection} holds vectors of ${foreign.embeddingModel}, but queries are embedded by ` +
            `${embedder.fingerprint ?? embedder.space}. Configure that model, or ingest the documents again.`,
        );
      }
      return { results, tokens };
    },
  };
}
