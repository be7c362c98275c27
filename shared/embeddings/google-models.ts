import type { EmbeddingPurpose } from '../contracts/embedding-provider.ts';
import { toSentDimensions } from './remote-embeddings.ts';
import { toUnitLength } from './vectors.ts';

/** What Google's models are told about a text: documents and the queries they answer are embedded differently. */
export function toTaskType(purpose: EmbeddingPurpose): string {
  return purpose === 'query' ? 'RETRIEVAL_QUERY' : 'RETRIEVAL_DOCUMENT';
}

/** The name alone; the vendor's own clients also take it as a resource. */
export function toGoogleModelName(model: string): string {
  return model.replace(/^(?:publishers\/google\/models|models|google)\//, '');
}

export interface GoogleDimensions {
  /** What to ask for; undefined where the model has it by itself. */
  readonly sent: number | undefined;
  /** Google scales full vectors to length 1, and cuts the rest off shorter ones without doing so again. */
  readonly finish?: (vector: Float32Array) => Float32Array;
}

export function toGoogleDimensions(
  id: 'vertexai' | 'gemini',
  model: string,
  dimensions: number | undefined,
): GoogleDimensions {
  const sent = toSentDimensions({ id, model, dimensions });
  return sent === undefined ? { sent } : { sent, finish: toUnitLength };
}
