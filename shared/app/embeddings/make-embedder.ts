import type { EmbeddingsConfig, SluiceConfig } from '../../config/types.ts';
import { createEmbedder, type Embedder } from '../../rag/embed.ts';
import { createRetry } from '../../resilience/retry.ts';
import type { Backends } from '../backends.ts';

/** How long vectors are kept where there is no `cache` block to say it. A text's vector does not change. */
const MEMORY_TTL_MS = 86_400_000;

/** The embedder of a configured model, with its retries, prefixes and cache. */
export async function makeEmbedder(
  embeddings: EmbeddingsConfig,
  { config, backends }: { readonly config: SluiceConfig; readonly backends: Backends },
): Promise<Embedder> {
  const { concurrency } = config.ingestion;
  const { documentPrefix, queryPrefix, retry, timeoutMs } = embeddings;
  return createEmbedder({
    provider: await backends.embedding(embeddings),
    concurrency: embeddings.provider === 'ollama' ? Math.min(2, concurrency) : concurrency,
    retry: createRetry({ config: retry }),
    timeoutMs,
    prefixes: {
      ...(documentPrefix === undefined ? {} : { document: documentPrefix }),
      ...(queryPrefix === undefined ? {} : { query: queryPrefix }),
    },
    ...(embeddings.cache
      ? { keep: { cache: await backends.vectorCache.get(), ttlMs: config.cache?.ttlMs ?? MEMORY_TTL_MS } }
      : {}),
  });
}
