import { toAppError } from '../../contracts/app-error.ts';
import type { EmbeddingProvider } from '../../contracts/embedding-provider.ts';
import type { ScoredChunk, VectorStore } from '../../contracts/vector-store.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';

/** The same provider, each of whose requests is told. */
export function observeEmbeddings(
  provider: EmbeddingProvider,
  telemetry: Pick<Telemetry, 'textsEmbedded'>,
): EmbeddingProvider {
  const { id, model } = provider;
  const embed: EmbeddingProvider['embed'] = async (texts, options) => {
    const startedAtMs = performance.now();
    const tell = (rest: object): void =>
      telemetry.textsEmbedded({
        provider: id,
        model,
        texts: texts.length,
        latencyMs: performance.now() - startedAtMs,
        ...rest,
      });
    try {
      const result = await provider.embed(texts, options);
      tell(result.usage === undefined ? {} : { tokens: result.usage.tokens });
      return result;
    } catch (error) {
      tell({ error: toAppError(error, options.signal) });
      throw error;
    }
  };
  // What the provider learns of itself later on stays visible.
  return Object.assign(Object.create(provider) as EmbeddingProvider, { embed });
}

/** The same store, each of whose queries is told. */
export function observeVectorStore(store: VectorStore, telemetry: Pick<Telemetry, 'storeSearched'>): VectorStore {
  const observe =
    <Query extends { readonly collection: string; readonly signal?: AbortSignal }>(
      search: (query: Query) => Promise<ScoredChunk[]>,
    ) =>
    async (query: Query): Promise<ScoredChunk[]> => {
      const startedAtMs = performance.now();
      const tell = (results: number, rest: object = {}): void =>
        telemetry.storeSearched({
          store: store.id,
          collection: query.collection,
          results,
          latencyMs: performance.now() - startedAtMs,
          ...rest,
        });
      try {
        const found = await search(query);
        tell(found.length);
        return found;
      } catch (error) {
        tell(0, { error: toAppError(error, query.signal) });
        throw error;
      }
    };
  const searchText = store.searchText?.bind(store);
  return Object.assign(Object.create(store) as VectorStore, {
    query: observe((query: Parameters<VectorStore['query']>[0]) => store.query(query)),
    ...(searchText === undefined ? {} : { searchText: observe(searchText) }),
  });
}
