import type { EmbeddingProviderName } from './names.ts';

interface KnownModel {
  readonly dimensions: number;
  /** The vendor can shorten the vectors on request. */
  readonly adjustable: boolean;
}

const fixed = (dimensions: number): KnownModel => ({ dimensions, adjustable: false });
const adjustable = (dimensions: number): KnownModel => ({ dimensions, adjustable: true });

const SENTENCE_MODELS: Readonly<Record<string, KnownModel>> = {
  'sentence-transformers/all-MiniLM-L6-v2': fixed(384),
  'sentence-transformers/all-MiniLM-L12-v2': fixed(384),
  'sentence-transformers/all-mpnet-base-v2': fixed(768),
  'BAAI/bge-small-en-v1.5': fixed(384),
  'BAAI/bge-base-en-v1.5': fixed(768),
  'BAAI/bge-large-en-v1.5': fixed(1024),
  'BAAI/bge-m3': fixed(1024),
  'thenlper/gte-small': fixed(384),
  'thenlper/gte-base': fixed(768),
  'thenlper/gte-large': fixed(1024),
};

const MODELS: Readonly<Record<EmbeddingProviderName, Readonly<Record<string, KnownModel>>>> = {
  openai: {
    'text-embedding-3-small': adjustable(1536),
    'text-embedding-3-large': adjustable(3072),
    'text-embedding-ada-002': fixed(1536),
  },
  huggingface: SENTENCE_MODELS,
  huggingface_tei: SENTENCE_MODELS,
  vertexai: {
    'text-embedding-005': adjustable(768),
    'text-multilingual-embedding-002': adjustable(768),
    'gemini-embedding-001': adjustable(3072),
  },
  gemini: { 'gemini-embedding-001': adjustable(3072) },
  ollama: {
    'nomic-embed-text': adjustable(768),
    'mxbai-embed-large': adjustable(1024),
    'all-minilm': fixed(384),
    'bge-m3': fixed(1024),
  },
  local: {},
};

/** What is known about a model's vectors; undefined for models outside the table. */
export function knownEmbeddingModel(provider: EmbeddingProviderName, model: string): KnownModel | undefined {
  const models = MODELS[provider];
  const plain = provider === 'ollama' ? model.replace(/:.*$/, '') : model;
  return Object.hasOwn(models, plain) ? models[plain] : undefined;
}
