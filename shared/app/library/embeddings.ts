import type { EmbeddingProviderName } from '../../config/names.ts';
import { defined } from '../../config/objects.ts';
import type { EmbeddingsConfig } from '../../config/types.ts';
import type { EmbeddingPurpose } from '../../contracts/embedding-provider.ts';
import type { Embedder } from '../../rag/embed.ts';
import { makeEmbedder } from '../embeddings/make-embedder.ts';
import { createLazy } from '../lazy.ts';
import { createParts, type PartOptions } from './parts.ts';

export interface EmbeddingsOptions extends PartOptions {
  readonly provider: EmbeddingProviderName;
  /** The vendor's own model name. Default: the provider's, where it has one. */
  readonly model?: string;
  /** A key, or `secret://NAME`. Default: the provider's own variable. */
  readonly apiKey?: string;
  /** Replaces the vendor's base URL; the address of a server of one's own. */
  readonly endpoint?: string;
  /** Length to ask the model for, or the length of a model that is not known here. */
  readonly dimensions?: number;
  /** Google Cloud project and location, for `vertexai`. */
  readonly projectId?: string;
  readonly location?: string;
  /** Private networks that the endpoint's name may resolve into. */
  readonly allowedCidrs?: readonly string[];
  /** Of `huggingface_tei`. */
  readonly normalize?: boolean;
  /** Of `huggingface`. */
  readonly waitForModel?: boolean;
  readonly useCache?: boolean;
}

export interface EmbedCallOptions {
  /** Asymmetric models embed a query differently from the documents it is compared with. Default: `document`. */
  readonly purpose?: EmbeddingPurpose;
  readonly signal?: AbortSignal;
}

/** Texts to vectors, with the service's batches, retries and memory. */
export interface Embeddings {
  /** Length of the vectors; undefined until the first answer of a model that is not known here. */
  readonly dimensions: number | undefined;
  /** What a vector store marks vectors with, so that those of another model are never compared with them. */
  readonly embeddingModel: string;
  /** @throws AppError `invalid_request` for a blank or too long text, and what the provider refuses with. */
  embed(text: string, options?: EmbedCallOptions): Promise<Float32Array>;
  /** One for each text, in their order. */
  embedAll(texts: readonly string[], options?: EmbedCallOptions): Promise<Float32Array[]>;
  close(): Promise<void>;
}

/**
 * An embedding model for programs.
 * @throws AppError `configuration` naming each option that is wrong.
 */
export function createEmbeddings(options: EmbeddingsOptions): Embeddings {
  const { provider, model, apiKey, endpoint, dimensions, projectId, location, allowedCidrs } = options;
  const block = defined({
    model,
    endpoint,
    dimensions,
    location,
    api_key: apiKey,
    project_id: projectId,
    allowed_cidrs: allowedCidrs,
    normalize: options.normalize,
    wait_for_model: options.waitForModel,
    use_cache: options.useCache,
  });
  const parts = createParts('createEmbeddings', { embeddings: { provider, [provider]: block } }, options);
  const config = parts.config.embeddings as EmbeddingsConfig;
  let made: Embedder | undefined;
  const embedder = createLazy(async () => {
    made = await makeEmbedder(config, parts);
    return made;
  });

  const embedAll: Embeddings['embedAll'] = async (
    texts,
    { purpose = 'document', signal = new AbortController().signal } = {},
  ) => {
    const { embedDocuments, embedQueries } = await embedder.get();
    return (await (purpose === 'query' ? embedQueries : embedDocuments)(texts, { signal })).vectors;
  };

  return {
    get dimensions() {
      return made?.provider.dimensions ?? config.dimensions;
    },
    get embeddingModel() {
      const length = made?.provider.dimensions ?? config.dimensions;
      return made?.fingerprint ?? `${config.provider}/${config.model}${length === undefined ? '' : `@${length}`}`;
    },
    embedAll,
    async embed(text, callOptions) {
      const [vector] = await embedAll([text], callOptions);
      return vector as Float32Array;
    },
    close: parts.close,
  };
}
