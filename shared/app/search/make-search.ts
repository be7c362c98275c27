import type { Backends } from '../backends.ts';
import { createReadEstimate } from './search-reads.ts';
import { createSearchService, type SearchService, type SearchServiceOptions } from './search-service.ts';

/** The search service, with an estimate of what a search reads where the store is paid for by that. */
export function makeSearch({
  config,
  retriever,
  usage,
  vectorStore,
}: Pick<SearchServiceOptions, 'config' | 'retriever' | 'usage'> & Pick<Backends, 'vectorStore'>): SearchService {
  return createSearchService({
    config,
    retriever,
    usage,
    ...(config.vectorstore?.provider === 'firestore'
      ? { reads: createReadEstimate({ count: async (scope) => (await vectorStore.get()).count(scope) }) }
      : {}),
  });
}
