import type { EmbeddingProviderName } from '../config/names.ts';
import type { EmbeddingProvider } from '../contracts/embedding-provider.ts';
import type { EmbeddingAccess } from './remote-embeddings.ts';

/** What every embedding provider is made from; each takes what it needs. */
export interface EmbeddingOptions extends EmbeddingAccess {
  readonly model?: string;
  /** The length to ask the vendor for; undefined means the model's own. */
  readonly dimensions?: number;
  readonly endpoint?: string;
  /** Google Cloud project and location, for Vertex AI. */
  readonly project?: string;
  readonly location?: string;
  /** Scale vectors to length 1 (TEI). Default true. */
  readonly normalize?: boolean;
  /** Wait for a model that is being loaded (Hugging Face). Default true. */
  readonly waitForModel?: boolean;
  /** Accept answers from the vendor's cache (Hugging Face). Default true. */
  readonly useCache?: boolean;
}

/** Every embedding provider, loaded when it is first used. A new one is a file and a line. */
export const embeddingProviders: Readonly<
  Record<EmbeddingProviderName, (options: EmbeddingOptions) => Promise<EmbeddingProvider>>
> = {
  openai: async (options) => (await import('./openai.ts')).createOpenAIEmbeddings(options),
  huggingface: async (options) => (await import('./huggingface.ts')).createHuggingFaceEmbeddings(options),
  huggingface_tei: async (options) => (await import('./huggingface-tei.ts')).createTeiEmbeddings(options),
  vertexai: async (options) => (await import('./vertexai.ts')).createVertexEmbeddings(options),
  gemini: async (options) => (await import('./gemini.ts')).createGeminiEmbeddings(options),
  ollama: async (options) => (await import('./ollama.ts')).createOllamaEmbeddings(options),
  local: async (options) => (await import('./local.ts')).createLocalEmbeddings(options),
};
