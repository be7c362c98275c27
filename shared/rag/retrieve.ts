import { AppError } from '../contracts/app-error.ts';
import type { Filter } from '../contracts/filter.ts';
import type { ScoredChunk, StoredChunk, TextQuery, VectorStore } from '../contracts/vector-store.ts';
import { SURELY_WITHIN } from '../usage/tokens.ts';
import type { Embedder } from './embed.ts';
import type { Fusion } from './fusion.ts';
import { createLikeness } from './likeness.ts';
import { selectDiverse } from './mmr.ts';
import { createModelGuard, foreignModel } from './model-guard.ts';
import { widenChunks } from './neighbors.ts';
import { fuseHybrid, fuseWordings, type Hit, toFallingScores, toVectorHits, toWordHits } from './ranking.ts';
import { shortenMessage } from './shorten-message.ts';

/** `vector` compares meanings, as far as the embedding model does; `lexical` compares words; `hybrid` does both. */
export type SearchMode = 'vector' | 'lexical' | 'hybrid';

export interface SearchInput {
  readonly query: string;
  /**
   * The query is a message of any length, to be cut to what the embedding model takes. Default false: too long is an
   * error.
   */
  readonly isMessage?: boolean;
  /** Other wordings, searched for as well: what several of them find comes first. */
  readonly variants?: readonly string[];
  /** 1 to 1,000. */
  readonly topK: number;
  /** Results passed over before the first one given; together with `topK` at most 1,000. Default 0. */
  readonly offset?: number;
  readonly tenant: string | null;
  readonly signal: AbortSignal;
  /**
   * Lowest similarity of the vectors, in every mode but `lexical`, which has none and refuses it: what only its words
   * found has to be as similar as everything else.
   */
  readonly minScore?: number;
  readonly filter?: Filter;
  /** Default `default`. */
  readonly collection?: string;
  /** Default `hybrid` where the store ranks by words, else `vector`. */
  readonly mode?: SearchMode | undefined;
  /** Choose results that differ from each other: 1 by relevance alone, 0 by difference alone. */
  readonly mmr?: { readonly lambda: number } | undefined;
  /** Chunks of the document on either side that each result's content is widened by. Default 0. */
  readonly neighbors?: number;
}

/**
 * A result. `score` falls from one to the next. It is the similarity of the vectors, or that of a later result where
 * the words, or the wish for difference, put a result before more similar ones; in `lexical` mode it is what the words
 * gave.
 */
export type SearchResult = StoredChunk & {
  readonly score: number;
  /** Of its own vector with the query's. Absent in `lexical` mode, and where the store does not tell. */
  readonly similarity?: number;
  /** How well its words match; comparable within one answer alone. Absent where only the vector found it. */
  readonly wordScore?: number;
};

export interface SearchOutcome {
  /** Best first. */
  readonly results: readonly SearchResult[];
  /** What embedding the query cost. */
  readonly tokens: number;
  /** Searches the store was asked for, and chunks it gave. */
  readonly store: { readonly searches: number; readonly chunks: number };
}

export interface Retriever {
  /**
   * @throws AppError `invalid_request` for a query that is longer than the embedding model takes, `unsupported` for a
   * mode that the store does not have, `configuration` when the collection was filled by another embedding model, and
   * what embedder and store throw.
   */
  search(input: SearchInput): Promise<SearchOutcome>;
}

export interface RetrieverOptions {
  readonly embedder: Embedder;
  readonly vectorStore: VectorStore;
  /** How two rankings become one. Default: by ranks (RRF). `convex` also says that the embeddings compare words. */
  readonly fusion?: Fusion;
  /** The store charges for every chunk it returns: more than are wanted are fetched for `mmr` alone. */
  readonly paidReads?: boolean;
  /** Milliseconds since the epoch. Default: the clock. */
  readonly now?: () => number;
}

/**
 * Where results are chosen among candidates, this many times as many are fetched as are wanted, and at least so many.
 */
const CHOICE_FACTOR = 3;
const LEAST_CHOICE = 30;
/** Most hits that are compared with each other for diversity. The rest follow in their own order. */
const MOST_COMPARED = 200;

/** Search by the query's vector, by its words, or by both. */
export function createRetriever({
  embedder,
  vectorStore,
  fusion = { method: 'rrf' },
  paidReads = false,
  now = Date.now,
}: RetrieverOptions): Retriever {
  const guard = createModelGuard({ space: embedder, vectorStore, now });

  const checkModel = (chunks: readonly ScoredChunk[], collection: string): void => {
    const foreign = chunks.find(({ embeddingModel }) => !embedder.matches(embeddingModel));
    if (foreign !== undefined) throw foreignModel({ collection, held: foreign.embeddingModel, space: embedder });
    if (chunks[0] !== undefined) guard.seen(collection, chunks[0].embeddingModel);
  };

  const rank = async (text: string, { mode, searchText, asked, minScore }: Ranking) => {
    const { signal } = asked;
    const byWords = searchText?.({ ...asked, text });
    if (mode === 'lexical') {
      const found = (await byWords) ?? [];
      return { hits: toWordHits(found), tokens: 0, searches: 1, chunks: found.length };
    }
    // It is awaited with the vector search below; until then its failure must not count as unhandled.
    byWords?.catch(() => undefined);
    const { vector, tokens } = await embedder.embedQuery(text, { signal });
    const [near, matching = []] = await Promise.all([
      vectorStore.query({ ...asked, vector, text, ...(minScore === undefined ? {} : { minScore }) }),
      byWords,
    ]);
    checkModel([...near, ...matching], asked.collection);
    const hits =
      mode === 'vector'
        ? toVectorHits(near)
        : fuseHybrid({ vector, byVector: near, byWords: matching, minScore, fusion });
    return { hits, tokens, searches: mode === 'hybrid' ? 2 : 1, chunks: near.length + matching.length };
  };

  return {
    async search(input) {
      const { variants = [], topK, offset = 0, tenant, signal, filter, collection = 'default', mmr } = input;
      const mode = input.mode ?? (vectorStore.searchText === undefined ? 'vector' : 'hybrid');
      const searchText = wordSearchFor(mode, input, vectorStore);
      const query = fitQuery(input, embedder);
      const wanted = topK + offset;
      if (wanted > vectorStore.capabilities.maxTopK) {
        throw new AppError(
          'invalid_request',
          `offset and top_k are together at most ${vectorStore.capabilities.maxTopK}.`,
          { param: offset > 0 ? 'offset' : 'top_k' },
        );
      }
      const merges = mode === 'hybrid' || variants.length > 0;
      const chooses = mmr !== undefined || (merges && !paidReads);
      const limit = chooses ? Math.max(CHOICE_FACTOR * wanted, LEAST_CHOICE) : wanted;
      const asked = {
        topK: Math.min(limit, vectorStore.capabilities.maxTopK),
        tenant,
        collection,
        signal,
        ...(filter === undefined ? {} : { filter }),
        ...(mode === 'hybrid' || mmr !== undefined ? { withEmbeddings: true } : {}),
      };
      const ranking: Ranking = { mode, searchText, asked, minScore: input.minScore };
      const rankings = await Promise.all([query, ...variants].map((text) => rank(text, ranking))).catch(
        async (thrown: unknown) => {
          // A missing index may mean that the collection holds vectors of another length: then that is the error to
          // tell, not the command for an index that would not help.
          if (thrown instanceof AppError && thrown.code === 'configuration') await guard.check({ collection, signal });
          throw thrown;
        },
      );
      // Nothing found may mean the same: Firestore passes over vectors of another length without an error.
      if (mode !== 'lexical' && rankings.every(({ chunks }) => chunks === 0)) await guard.check({ collection, signal });
      const ranked = fuseWordings(rankings.map(({ hits }) => hits));
      const ordered = mmr === undefined ? ranked : diversify(ranked, wanted, mmr.lambda, fusion);
      const results = toResults(ordered.slice(0, wanted), mode).slice(offset);
      const sum = (of: (ranking: (typeof rankings)[number]) => number): number =>
        rankings.reduce((total, ranking) => total + of(ranking), 0);
      const found = {
        tokens: sum(({ tokens }) => tokens),
        store: { searches: sum(({ searches }) => searches), chunks: sum(({ chunks }) => chunks) },
      };
      if ((input.neighbors ?? 0) === 0) return { results, ...found };
      const { chunks, read } = await widenChunks(results, {
        vectorStore,
        scope: { collection, tenant, signal },
        count: input.neighbors ?? 0,
      });
      return { ...found, results: chunks, store: { ...found.store, chunks: found.store.chunks + read } };
    },
  };
}

/** How each wording of a search is ranked. */
interface Ranking {
  readonly mode: SearchMode;
  /** Present in every mode but `vector`. */
  readonly searchText: VectorStore['searchText'];
  readonly asked: Omit<TextQuery, 'text' | 'signal'> & { readonly signal: AbortSignal };
  readonly minScore: number | undefined;
}

/** A message as far as the embedding model surely takes it. */
function fitQuery({ query, isMessage = false }: SearchInput, { provider }: Embedder): string {
  return isMessage ? shortenMessage(query, Math.floor(provider.maxInputTokens * SURELY_WITHIN)) : query;
}

/**
 * The store's search by words, where the mode takes one.
 * @throws AppError `unsupported` for a mode that is not there.
 */
function wordSearchFor(mode: SearchMode, { minScore }: SearchInput, store: VectorStore): VectorStore['searchText'] {
  if (mode === 'vector') return undefined;
  if (store.searchText === undefined) {
    throw new AppError(
      'unsupported',
      `The search mode ${mode} is not available: the ${store.id} vector store is not set up to rank by words. ` +
        'Search in mode vector, or set retrieval.mode to hybrid in the configuration.',
      { param: 'mode' },
    );
  }
  // 0 is below every score that words have.
  if (mode === 'lexical' && minScore !== undefined && minScore > 0) {
    throw new AppError(
      'unsupported',
      'A search by words alone has no similarity that min_score could be compared with. Leave it out, or search hybrid.',
      { param: 'min_score' },
    );
  }
  return (query) => store.searchText?.(query) ?? Promise.resolve([]);
}

function diversify(hits: readonly Hit[], limit: number, lambda: number, fusion: Fusion): Hit[] {
  const likeness = createLikeness({ byWords: fusion.method === 'convex' });
  const best = hits[0]?.relevance ?? 0;
  const chosen = selectDiverse({
    items: hits.slice(0, MOST_COMPARED),
    limit,
    lambda,
    relevanceOf: ({ relevance }) => (best > 0 ? relevance / best : 0),
    similarityOf: (left, right) => likeness(left.chunk, right.chunk),
  });
  return [...chosen, ...hits.slice(MOST_COMPARED)];
}

function toResults(hits: readonly Hit[], mode: SearchMode): SearchResult[] {
  const scores = toFallingScores(hits, mode === 'lexical' ? (hit) => hit.wordScore : (hit) => hit.similarity);
  return hits.map(({ chunk: { embedding, ...chunk }, similarity, wordScore }, place) => ({
    ...chunk,
    score: scores[place] as number,
    ...(similarity === undefined ? {} : { similarity }),
    ...(wordScore === undefined ? {} : { wordScore }),
  }));
}
