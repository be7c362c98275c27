import type { SluiceConfig } from '../../config/types.ts';
import { describeError, type Log } from '../../telemetry/log.ts';
import type { EmbeddingUsage } from '../accounting/embedding-usage.ts';
import type { Backends } from '../backends.ts';
import type { EmbeddingsService } from '../embeddings/embeddings-service.ts';
import { embedsLocally } from '../embeddings/local-embeddings.ts';
import type { Lazy } from '../lazy.ts';
import { type AnswerCache, createAnswerCache } from './answer-cache.ts';
import { createSemanticCache, type SemanticCache } from './semantic-cache.ts';

export interface AnswerCacheParts {
  readonly config: SluiceConfig;
  readonly backends: Backends;
  readonly embeddings: Lazy<Pick<EmbeddingsService, 'configured'>>;
  readonly usage: EmbeddingUsage;
  readonly log: Log;
  readonly now: () => number;
}

/** The cache of finished answers; undefined where the configuration has none. */
export function makeAnswerCache({
  config,
  backends,
  embeddings,
  usage,
  log,
  now,
}: AnswerCacheParts): AnswerCache | undefined {
  const { cache } = config;
  if (!cache) return undefined;
  const onFault = (error: unknown): void => log('WARNING', 'cache not used', { error: describeError(error) });
  const toSemantic = (): SemanticCache => {
    const semantic = createSemanticCache({
      async embed(text, signal) {
        // Above the day's budget nothing is bought, not even a look.
        await usage.check({ tenant: null });
        const embedder = await (await embeddings.get()).configured.get();
        const { vector, tokens } = await embedder.embedQuery(text, { signal });
        // The cache does not know who asks; the day's sums do.
        await usage.record({ target: config.embeddings, tokens, caller: { tenant: null }, tenant: null });
        return { vector, space: embedder.space };
      },
      store: () => backends.vectorStore.get(),
      threshold: cache.semantic.threshold,
      ttlMs: cache.ttlMs,
      now,
      onFault,
    });
    return {
      // A question to an agent that keeps to local models is not told to a vendor's embeddings.
      find: async (input, signal) =>
        input.route.agent?.localOnly && !embedsLocally(config) ? undefined : await semantic.find(input, signal),
    };
  };
  return createAnswerCache({
    cache: backends.responseCache,
    ttlMs: cache.ttlMs,
    allowTemperature: cache.allowTemperature,
    onFault,
    ...(cache.semantic.enabled ? { semantic: toSemantic() } : {}),
  });
}
