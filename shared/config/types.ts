/**
 * The configuration as the rest of the code sees it: defaults filled in, names in camel case, times in milliseconds,
 * frozen. The file's own format is in `schema/`.
 */
import type { AuthConfig } from './auth-types.ts';
import type {
  CacheName,
  ChunkMode,
  Distance,
  EmbeddingProviderName,
  FallbackStrategy,
  PrivacyMode,
  ProviderName,
  Quantization,
  RecordStoreName,
  RetrievalMode,
  RetryReason,
  Role,
  TargetAuth,
} from './names.ts';
import type { SecretValue } from './secret-value.ts';

export interface SluiceConfig {
  /** Where it came from: a file's path, or `development defaults`. */
  readonly source: string;
  /** Production rules hold: https everywhere, no loopback targets. */
  readonly production: boolean;
  /** The Google Cloud project of the environment. */
  readonly project?: string;
  /** Refuse where the default is to warn and go on. */
  readonly strict: boolean;
  readonly agents: readonly AgentConfig[];
  readonly modelServices: readonly ModelServiceConfig[];
  /**
   * How to reach a provider that a caller names itself (`provider/model`): as the first leg of that provider does, else
   * by the provider's own variable. A provider that is not listed cannot be called.
   */
  readonly providers: Readonly<Partial<Record<ProviderName, ProviderAccess>>>;
  /** Absent on Cloud Run when the file says nothing: the local embedder is never chosen there by itself. */
  readonly embeddings?: EmbeddingsConfig;
  /** Absent on Cloud Run when the file says nothing. */
  readonly vectorstore?: VectorStoreConfig;
  readonly observability: ObservabilityConfig;
  readonly auth: AuthConfig;
  readonly cache?: CacheConfig;
  readonly limits: LimitsConfig;
  readonly ingestion: IngestionConfig;
  readonly retrieval: RetrievalConfig;
  readonly privacy: { readonly mode: PrivacyMode };
  readonly routing: { readonly rules: readonly RoutingRule[] };
  /** Rows that replace the model catalogue's, by `provider/model`. */
  readonly prices: Readonly<Record<string, PriceConfig>>;
  readonly tools: readonly ToolConfig[];
  /** The gateway serves its page at `/`. */
  readonly playground: boolean;
  /** What an operator should know at start-up, one line each. */
  readonly warnings: readonly string[];
}

export interface LoadedConfig {
  readonly config: SluiceConfig;
  /** What was chosen without a file saying so, and why; for the start-up output. */
  readonly choices: readonly string[];
}

export interface AgentConfig {
  readonly name: string;
  readonly role: Role;
  /** System prompt. */
  readonly prompt?: string;
  readonly temperature?: number;
  readonly maxTokens?: number;
  /** Longest time one attempt may take. */
  readonly timeoutMs?: number;
  readonly retry: RetryConfig;
  readonly strategy: FallbackStrategy;
  /** At least one, in the order of the file. */
  readonly legs: readonly LegConfig[];
  /** Legs of the file that cannot be used, with the reason. */
  readonly disabledLegs: readonly DisabledLeg[];
  /** No request of this agent may leave for a vendor; `legs` holds local ones only. */
  readonly localOnly: boolean;
  /** Most model turns with tool calls, 1 to 10. */
  readonly maxIterations: number;
  /** Names of the tools a `react` agent may call. */
  readonly tools: readonly string[];
}

/** How to reach a provider. */
export interface ProviderAccess {
  readonly provider: ProviderName;
  /** In order of preference; several rotate. Empty where the target needs none. */
  readonly apiKeys: readonly SecretValue[];
  /** Replaces the vendor's base URL; no trailing slash. Always set for `ollama` and `vllm`. */
  readonly endpoint?: string;
  /** Google Cloud project and location; always set for `vertexai`. */
  readonly project?: string;
  readonly location?: string;
  /** Private networks the endpoint's name may resolve into. */
  readonly allowedCidrs: readonly string[];
  /** Whether calls carry an ID token; undefined lets the endpoint's name decide. */
  readonly auth?: TargetAuth;
}

/** How Ollama is to load a model; unset members leave it to the server. */
export interface ServingConfig {
  /** How long it stays loaded after a request: a Go duration or seconds; -1 for good. */
  readonly keepAlive?: string | number;
  /** Context window to load it with, in tokens. */
  readonly contextLength?: number;
}

export interface LegConfig extends ProviderAccess, ServingConfig {
  /** The vendor's own model name. */
  readonly model: string;
  /** Own value of the leg, else the agent's. */
  readonly temperature?: number;
  /** Own value of the leg, else the agent's. */
  readonly maxTokens?: number;
  /** Longest time one attempt may take: the leg's value, the agent's, the model service's, or the provider's default. */
  readonly timeoutMs: number;
  /** Share of the requests under the `weighted` strategy, relative to the other legs. Default 1. */
  readonly weight: number;
  /** The model service the leg was resolved through. */
  readonly service?: string;
}

export interface DisabledLeg {
  readonly provider: ProviderName;
  readonly model: string;
  readonly reason: string;
}

export interface RetryConfig {
  readonly maxAttempts: number;
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
  readonly multiplier: number;
  readonly retryOn: readonly RetryReason[];
}

export interface ModelServiceConfig extends ProviderAccess, ServingConfig {
  readonly name: string;
  readonly model: string;
  /** Informational: the model's tag decides. */
  readonly quantization?: Quantization;
  readonly timeoutMs?: number;
}

export interface EmbeddingsConfig {
  readonly provider: EmbeddingProviderName;
  readonly model: string;
  /** Length of the vectors: written, known for the model, or the vector store's. Undefined until the first answer otherwise. */
  readonly dimensions?: number;
  /** The length the file asks the vendor for; undefined means the model's own. */
  readonly requestedDimensions?: number;
  readonly apiKeys: readonly SecretValue[];
  readonly endpoint?: string;
  readonly project?: string;
  readonly location?: string;
  readonly allowedCidrs: readonly string[];
  /** Whether calls carry an ID token; undefined lets the endpoint's name decide. */
  readonly auth?: TargetAuth;
  /** Scale vectors to length 1 (HuggingFace TEI). */
  readonly normalize: boolean;
  /** HuggingFace: wait for a model that is being loaded. */
  readonly waitForModel: boolean;
  /** HuggingFace: accept answers from the vendor's cache. */
  readonly useCache: boolean;
  /** Put before each text, for models trained that way. */
  readonly documentPrefix?: string;
  readonly queryPrefix?: string;
  /** Keep vectors of texts already seen in the response cache, or in memory where there is none. */
  readonly cache: boolean;
  readonly timeoutMs: number;
  readonly retry: RetryConfig;
}

interface VectorStoreBase {
  /** Length of the vectors; undefined when neither the file nor the embedding model tells. */
  readonly embeddingDimensions?: number;
  /** Results when a search does not say how many. */
  readonly defaultTopK: number;
  /** Every chunk belongs to a tenant and a search sees its own tenant's chunks alone. */
  readonly tenancy: boolean;
}

export interface FirestoreStoreConfig extends VectorStoreBase {
  readonly provider: 'firestore';
  readonly project?: string;
  readonly collection: string;
  /** Collections that are neither written nor searched and keep their indexes: the next one, or the one before. */
  readonly beside: readonly { readonly collection: string; readonly dimensions: number }[];
  readonly databaseId: string;
  readonly credentialsFile?: string;
  readonly distance: Distance;
}

export interface MemoryStoreConfig extends VectorStoreBase {
  readonly provider: 'memory';
  readonly maxDocuments: number;
  readonly ttlMs?: number;
  /** Where the contents are kept between runs. */
  readonly file?: string;
  /** Keep codes of the vectors, of a few bits a number, beside them, for faster searches. */
  readonly prescan: boolean;
  readonly distance: Distance;
}

export interface QdrantStoreConfig extends VectorStoreBase {
  readonly provider: 'qdrant';
  /** Base URL, no trailing slash. */
  readonly url: string;
  readonly apiKey?: SecretValue;
  readonly collection: string;
  readonly allowedCidrs: readonly string[];
  readonly distance: Distance;
  /** Most chunks of a scope that searches compare one by one; the store has a default. */
  readonly exactUpTo?: number;
}

export interface PgvectorStoreConfig extends VectorStoreBase {
  readonly provider: 'pgvector';
  readonly connectionString: SecretValue;
  /** Plain or schema-qualified identifier, safe to quote. */
  readonly table: string;
  readonly distance: Distance;
  /** Most chunks of a scope that searches compare one by one; the store has a default. */
  readonly exactUpTo?: number;
}

export type VectorStoreConfig = FirestoreStoreConfig | MemoryStoreConfig | QdrantStoreConfig | PgvectorStoreConfig;

export interface ObservabilityConfig {
  /** Record the cost of requests. */
  readonly costTracking: boolean;
  /** Alert once per UTC day when the day's cost goes above it, in USD. */
  readonly costAlertThresholdUsd?: number;
  /** Count tokens by provider and model. */
  readonly trackTokens: boolean;
  /** Tokens per UTC day after which requests are refused. */
  readonly dailyTokenLimit?: number;
  /** Write prompts and answers into logs. */
  readonly logContent: boolean;
  /** `GET /metrics`. With a token, scrapers that send it as a bearer token are let in. */
  readonly metrics: { readonly enabled: boolean; readonly token?: SecretValue };
  readonly ledger: RecordStoreName;
  readonly usageCollection: string;
  /** OTLP over HTTP. Absent: nothing is exported there. */
  readonly tracing?: {
    /** `/v1/traces` and `/v1/metrics` are appended to it. */
    readonly endpoint: string;
    readonly headers: Readonly<Record<string, SecretValue>>;
    readonly protocol: 'http/protobuf' | 'http/json';
  };
  /** Share of requests that are traced, 0 to 1. */
  readonly sampleRatio: number;
  /** What telemetry calls this service: OpenTelemetry's resource attributes. */
  readonly resource: Readonly<Record<string, string>>;
  readonly langfuse?: {
    readonly endpoint: string;
    readonly publicKey: SecretValue;
    readonly secretKey: SecretValue;
  };
}

export interface CacheConfig {
  readonly provider: CacheName;
  readonly ttlMs: number;
  /** Redis address, `redis://` or `rediss://`. */
  readonly url?: SecretValue;
  readonly collection: string;
  readonly maxEntries: number;
  /** Cache answers of requests with a temperature above 0 too. */
  readonly allowTemperature: boolean;
  readonly semantic: { readonly enabled: boolean; readonly threshold: number };
}

export interface RateConfig {
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
}

export interface LimitsConfig extends RateConfig {
  readonly chatBodyBytes: number;
  readonly embedBodyBytes: number;
  readonly ingestBodyBytes: number;
  readonly searchBodyBytes: number;
  /** Bytes of all bodies whose requests are not answered, per instance. Default: an eighth of the memory. */
  readonly bodyBytesInFlight?: number;
  /** Time a request may take altogether. Streams have the idle limit instead once they run. */
  readonly requestTimeoutMs: number;
  /** Longest silence of an upstream. */
  readonly idleTimeoutMs: number;
  /** Most USD per UTC day over all callers; requests above are refused. */
  readonly dailyUsd?: number;
  /** Most texts of one embeddings request. */
  readonly maxInputs: number;
  /** Most documents of one ingest request. */
  readonly maxDocuments: number;
  /** What we may send to a provider, per instance. */
  readonly providers: Readonly<Partial<Record<ProviderName, RateConfig>>>;
  /** Proxies of our own before the service that each add an address to `x-forwarded-for`. Absent: none that is known. */
  readonly forwardedHops?: number;
  /** What one caller may send, per instance. */
  readonly client?: { readonly requestsPerSecond: number; readonly burst: number };
}

export interface IngestionConfig {
  /** Characters in `structural` mode, words in `words` mode. */
  readonly chunkSize: number;
  readonly chunkOverlap: number;
  readonly mode: ChunkMode;
  /** Embedding requests in flight at once. */
  readonly concurrency: number;
  /** Events of documents that could not be handled for that long are recorded as dead letters. */
  readonly maxEventAgeMs: number;
  readonly store: RecordStoreName;
  readonly documentsCollection: string;
  readonly ingestionsCollection: string;
}

export interface RetrievalConfig {
  readonly topK: number;
  /** Of chat; a search has the one of its request alone. */
  readonly minScore?: number;
  /** Default: `hybrid` where the vector store ranks by words, else `vector`. */
  readonly mode?: RetrievalMode;
  /** Maximal marginal relevance: 1 ranks by relevance alone, 0 by difference alone. */
  readonly mmr?: { readonly lambda: number };
  /** Have the model rewrite the question as a search query first. */
  readonly rewrite: boolean;
  /** Number of query variants to search with besides the question, 0 to 5. */
  readonly multiQuery: number;
  /** Ask the model even when nothing was found. */
  readonly answerWithoutContext: boolean;
}

export interface RoutingRule {
  /** All conditions that are set must hold. */
  readonly when: {
    readonly promptTokensOver?: number;
    readonly promptTokensUnder?: number;
    readonly tools?: boolean;
    readonly images?: boolean;
    readonly regions?: readonly string[];
  };
  readonly agent: string;
}

/** Prices in USD: per 1,000,000 tokens, or per 1,000 characters. Members that are not set keep the catalogue's value. */
export interface PriceConfig {
  readonly unit: 'tokens' | 'characters';
  readonly input?: number;
  readonly output?: number;
  readonly cachedInput?: number;
  readonly cacheWrite?: number;
  readonly contextWindow?: number;
  readonly maxOutputTokens?: number;
}

/** An HTTP call a `react` agent may make: arguments go as JSON body (POST) or query (GET), the answer's text comes back. */
export interface ToolConfig {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, SecretValue>>;
  readonly timeoutMs: number;
  readonly allowedCidrs: readonly string[];
}
