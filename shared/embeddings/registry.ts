import type { EmbeddingProvider } from '../contracts/embedding-provider.ts';
import type { HttpFetch } from '../contracts/http-fetch.ts';

/** What every embedding provider is made from; each takes what it needs. */
export interface EmbeddingOptions {
  readonly model?: string;
  readonly dimensions?: number;
  readonly endpoint?: string;
  /** The key, resolved on every request; undefined where the target needs none. */
  readonly credential: () => Promise<string | undefined>;
  readonly fetch: HttpFetch;
}

/** Every embedding provider, loaded when it is first used. A new one is a file and a line. */
export const embeddingProviders: Readonly<Record<string, (options: EmbeddingOptions) => Promise<EmbeddingProvider>>> = {
  openai: async (options) => (await import('./openai.ts')).createOpenAIEmbeddings(options),
  local: async (options) => (await import('./local.ts')).createLocalEmbeddings(options),
};
