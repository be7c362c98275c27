/** The names a configuration may use, in the order error messages list them. */

export const PROVIDER_NAMES = [
  'openai',
  'anthropic',
  'gemini',
  'vertexai',
  'xai',
  'huggingface',
  'vllm',
  'ollama',
  'local',
] as const;
/** Who answers a chat request. */
export type ProviderName = (typeof PROVIDER_NAMES)[number];

/** Servers that people run themselves: they need no key, and may have to start or to load a model before they answer. */
export const SELF_HOSTED: ReadonlySet<string> = new Set<ProviderName>(['ollama', 'vllm']);

/** Where a model named under `provider: huggingface` runs. */
export const RUNTIMES = ['ollama', 'vllm', 'cloud'] as const;
export type Runtime = (typeof RUNTIMES)[number];

/** How a self-hosted target is told who calls: with an ID token for its origin, or not at all. */
export const TARGET_AUTHS = ['id_token', 'none'] as const;
export type TargetAuth = (typeof TARGET_AUTHS)[number];

export const ROLES = ['assistant', 'react'] as const;
/** `assistant` answers in one turn; `react` may call its tools before it answers. */
export type Role = (typeof ROLES)[number];

export const STRATEGIES = ['cascade', 'weighted', 'cheapest', 'fastest'] as const;
export type FallbackStrategy = (typeof STRATEGIES)[number];

export const RETRY_REASONS = ['rate_limit', 'timeout', 'server_error'] as const;
export type RetryReason = (typeof RETRY_REASONS)[number];

export const QUANTIZATIONS = ['int4', 'int8', 'fp16'] as const;
export type Quantization = (typeof QUANTIZATIONS)[number];

export const EMBEDDING_PROVIDER_NAMES = [
  'openai',
  'huggingface',
  'huggingface_tei',
  'vertexai',
  'gemini',
  'ollama',
  'local',
] as const;
export type EmbeddingProviderName = (typeof EMBEDDING_PROVIDER_NAMES)[number];

export const VECTOR_STORE_NAMES = ['firestore', 'memory', 'qdrant', 'pgvector'] as const;

export const DISTANCES = ['cosine', 'euclidean', 'dot_product'] as const;
export type Distance = (typeof DISTANCES)[number];

export const AUTH_MODES = ['none', 'iam', 'api_key'] as const;
export type AuthMode = (typeof AUTH_MODES)[number];

/** Where keys are kept beside those of the file. */
export const KEY_STORE_NAMES = ['firestore'] as const;

/** What of a verified identity names its tenant. */
export const TENANT_SOURCES = ['email', 'domain'] as const;
export type TenantSource = (typeof TENANT_SOURCES)[number];

/** Tools of role `react` that need no configuration: the search over ingested documents. */
export const BUILT_IN_TOOLS = ['search'] as const;

export const FUNCTION_NAMES = ['chat', 'embed', 'ingest', 'search'] as const;
export type FunctionName = (typeof FUNCTION_NAMES)[number];

export const CACHE_NAMES = ['memory', 'redis', 'firestore'] as const;
export type CacheName = (typeof CACHE_NAMES)[number];

/** Where documents, their ingestion state and the usage ledger are kept. */
export const RECORD_STORE_NAMES = ['memory', 'firestore'] as const;
export type RecordStoreName = (typeof RECORD_STORE_NAMES)[number];

export const CHUNK_MODES = ['structural', 'words'] as const;
export type ChunkMode = (typeof CHUNK_MODES)[number];

export const RETRIEVAL_MODES = ['vector', 'lexical', 'hybrid'] as const;
export type RetrievalMode = (typeof RETRIEVAL_MODES)[number];

export const PRIVACY_MODES = ['local_only', 'any'] as const;
export type PrivacyMode = (typeof PRIVACY_MODES)[number];
