import type { EmbeddingRow } from './rows.ts';

/**
 * Open embedding models, served by the HuggingFace API and by TEI alike. Lengths are those of the model cards; neither
 * service has a price by the token.
 */
// biome-ignore format: one model a line
export const SENTENCE_MODELS = [
  ['sentence-transformers/all-MiniLM-L6-v2', null, null, 384],
  ['sentence-transformers/all-MiniLM-L12-v2', null, null, 384],
  ['sentence-transformers/all-mpnet-base-v2', null, null, 768],
  ['BAAI/bge-small-en-v1.5', null, null, 384],
  ['BAAI/bge-base-en-v1.5', null, null, 768],
  ['BAAI/bge-large-en-v1.5', null, null, 1_024],
  ['BAAI/bge-m3', null, null, 1_024],
  ['thenlper/gte-small', null, null, 384],
  ['thenlper/gte-base', null, null, 768],
  ['thenlper/gte-large', null, null, 1_024],
] as const satisfies readonly EmbeddingRow[];
