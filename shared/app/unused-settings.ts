import type { SluiceConfig } from '../config/types.ts';
import { embeddingProviders } from '../embeddings/registry.ts';
import { vectorStores } from '../stores/vector/registry.ts';

/**
 * Settings that are valid in a file and that this version does not act on yet. Nobody should believe in a limit that
 * is not kept, so each is a warning at start-up.
 */
export function listUnusedSettings(config: SluiceConfig): string[] {
  const { observability, retrieval, embeddings, vectorstore } = config;
  const settings: readonly (readonly [isSet: boolean, name: string])[] = [
    [observability.tracing !== undefined || observability.langfuse !== undefined, 'observability tracing and langfuse'],
    [retrieval.mode !== 'vector', 'retrieval.mode other than vector'],
    [
      retrieval.rewrite || retrieval.multiQuery > 0 || retrieval.mmr !== undefined,
      'retrieval rewrite, multi_query, mmr',
    ],
    [
      embeddings !== undefined && !(embeddings.provider in embeddingProviders),
      `embeddings.provider ${embeddings?.provider}`,
    ],
    [
      vectorstore !== undefined && !(vectorstore.provider in vectorStores),
      `vectorstore.provider ${vectorstore?.provider}`,
    ],
  ];
  return settings
    .filter(([isSet]) => isSet)
    .map(([, name]) => `${name}: read and checked, but not acted on in this version`);
}
