import { AppError, toAppError } from '../contracts/app-error.ts';
import type { EmbeddingProvider } from '../contracts/embedding-provider.ts';
import { createTextHasher } from '../text/feature-hash.ts';

export interface LocalEmbeddingsOptions {
  /** There is one; named so that a configuration may write it out. */
  readonly model?: string;
  /** Length of the vectors, 64 to 4,096. More dimensions, fewer collisions. Default 768. */
  readonly dimensions?: number;
}

/** Changes whenever the vectors do: stored vectors of another version are another vector space. */
const MODEL = 'feature-hash-v1';

/**
 * Embeddings without a key, a model or a network: words and their character n-grams are hashed into a fixed number of
 * dimensions. It is lexical: it finds texts that share words with the query (and their inflections, and near
 * misspellings), not texts that share a meaning. The same text gives the same vector on every run and machine.
 *
 * Documents and queries are embedded differently, so a document compared with itself as a query scores below 1.
 */
export function createLocalEmbeddings({
  model = MODEL,
  dimensions = 768,
}: LocalEmbeddingsOptions = {}): EmbeddingProvider {
  if (model !== MODEL) {
    throw new AppError('configuration', `Local embeddings have one model, ${MODEL}; leave the model out.`, {
      param: 'model',
    });
  }
  if (!Number.isInteger(dimensions) || dimensions < 64 || dimensions > 4096) {
    throw new AppError(
      'configuration',
      'Local embeddings have 64 to 4,096 dimensions; set a whole number in that range.',
      {
        param: 'dimensions',
      },
    );
  }
  const hash = createTextHasher(dimensions);

  return {
    id: 'local',
    model,
    dimensions,
    maxBatchSize: 256,
    maxBatchTokens: 1_000_000,
    maxInputTokens: 1_000_000,

    async embed(texts, { purpose, signal }) {
      const vectors: Float32Array[] = [];
      for (const [index, text] of texts.entries()) {
        // A text costs about half a millisecond: other requests get their turn in between.
        if (index > 0 && index % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
        if (signal.aborted) throw toAppError(signal.reason, signal);
        if (text.trim() === '') {
          throw new AppError('invalid_request', `The text at index ${index} is blank.`, { param: `input[${index}]` });
        }
        vectors.push(hash(text, purpose));
      }
      return { vectors };
    },
  };
}
