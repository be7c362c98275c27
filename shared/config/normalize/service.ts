import { forwardedHops } from '../environment.ts';
import { BUILT_IN_TOOLS, type ProviderName, type RecordStoreName } from '../names.ts';
import { defined } from '../objects.ts';
import type {
  CacheInput,
  IngestionInput,
  LimitsInput,
  PricesInput,
  RetrievalInput,
  ToolsInput,
} from '../schema/service.ts';
import { secretFault, toSecretValue } from '../secret-value.ts';
import type {
  CacheConfig,
  IngestionConfig,
  LimitsConfig,
  PriceConfig,
  RateConfig,
  RetrievalConfig,
  ToolConfig,
} from '../types.ts';
import { type NormalizeContext, toAllowedCidrs, toEndpoint } from './context.ts';

const MEGABYTE = 1024 * 1024;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export function normalizeCache(
  input: CacheInput | undefined,
  { problems, missingAt }: NormalizeContext,
): CacheConfig | undefined {
  if (input === undefined) return undefined;
  if (input.provider === 'redis' && input.url === undefined) {
    problems.add('cache.url', 'is required for redis, such as redis://localhost:6379');
  }
  const url = input.url === undefined ? undefined : toSecretValue(withScheme(input.url));
  const readable = url !== undefined && 'value' in url && missingAt('cache.url') === undefined;
  if (readable && !(/^rediss?:\/\//.test(url.value) && URL.canParse(url.value))) {
    problems.add('cache.url', 'must begin with redis:// or rediss://');
  }
  return defined({
    provider: input.provider,
    ttlMs: input.ttl ?? 60 * MINUTE_MS,
    url,
    collection: input.collection ?? 'cache',
    maxEntries: input.max_entries ?? 1_000,
    allowTemperature: input.allow_temperature ?? false,
    semantic: { enabled: input.semantic?.enabled ?? false, threshold: input.semantic?.threshold ?? 0.95 },
  });
}

/** A bare `host:port` is a Redis address too. */
function withScheme(url: string): string {
  return /^[\w.-]+:\d{1,5}$/.test(url) && secretFault(url) === undefined ? `redis://${url}` : url;
}

export function normalizeLimits(
  input: LimitsInput | undefined,
  { environment }: Pick<NormalizeContext, 'environment'>,
): LimitsConfig {
  const providers = Object.entries((input?.providers ?? {}) as Partial<Record<ProviderName, RateInput>>);
  return defined({
    ...toRate(input ?? {}),
    chatBodyBytes: input?.chat_body_bytes ?? 10 * MEGABYTE,
    embedBodyBytes: input?.embed_body_bytes ?? 10 * MEGABYTE,
    ingestBodyBytes: input?.ingest_body_bytes ?? 32 * MEGABYTE,
    searchBodyBytes: input?.search_body_bytes ?? MEGABYTE,
    bodyBytesInFlight: input?.body_bytes_in_flight,
    requestTimeoutMs: input?.request_timeout ?? 5 * MINUTE_MS,
    idleTimeoutMs: input?.idle_timeout ?? MINUTE_MS,
    dailyUsd: input?.daily_usd,
    maxInputs: input?.max_inputs ?? 2048,
    maxDocuments: input?.max_documents ?? 1_000,
    providers: Object.fromEntries(providers.map(([provider, rate]) => [provider, toRate(rate)])),
    forwardedHops: input?.forwarded_hops ?? forwardedHops(environment),
    client:
      input?.client === undefined
        ? undefined
        : { requestsPerSecond: input.client.requests_per_second, burst: input.client.burst },
  });
}

interface RateInput {
  readonly requests_per_minute?: number | undefined;
  readonly tokens_per_minute?: number | undefined;
}

function toRate({ requests_per_minute, tokens_per_minute }: RateInput): RateConfig {
  return defined({ requestsPerMinute: requests_per_minute, tokensPerMinute: tokens_per_minute });
}

export function normalizeIngestion(
  input: IngestionInput | undefined,
  recordStore: RecordStoreName,
  { problems }: NormalizeContext,
): IngestionConfig {
  const chunkSize = input?.chunk_size ?? 1_000;
  // The default overlap shrinks with a small chunk size; a written one is taken at its word.
  const chunkOverlap = input?.chunk_overlap ?? Math.min(150, Math.floor(chunkSize * 0.15));
  if (chunkOverlap >= chunkSize) {
    problems.add(
      'ingestion.chunk_overlap',
      `must be smaller than chunk_size (${chunkOverlap} is not below ${chunkSize})`,
    );
  }
  return {
    chunkSize,
    chunkOverlap,
    mode: input?.mode ?? 'structural',
    concurrency: input?.concurrency ?? 4,
    maxEventAgeMs: input?.max_event_age ?? DAY_MS,
    store: input?.store ?? recordStore,
    documentsCollection: input?.documents_collection ?? 'documents',
    ingestionsCollection: input?.ingestions_collection ?? 'ingestions',
  };
}

export function normalizeRetrieval(input: RetrievalInput | undefined, { topK }: { topK: number }): RetrievalConfig {
  return defined({
    topK: input?.top_k ?? topK,
    minScore: input?.min_score,
    mode: input?.mode,
    mmr: input?.mmr === undefined ? undefined : { lambda: input.mmr.lambda ?? 0.5 },
    rewrite: input?.rewrite ?? false,
    multiQuery: input?.multi_query ?? 0,
    answerWithoutContext: input?.answer_without_context ?? true,
  });
}

export function normalizePrices(input: PricesInput | undefined): Readonly<Record<string, PriceConfig>> {
  const rows = Object.entries(input ?? {}).map(([model, row]) => [
    model,
    defined({
      unit: row.unit ?? 'tokens',
      input: row.input,
      output: row.output,
      cachedInput: row.cached_input,
      cacheWrite: row.cache_write,
      contextWindow: row.context_window,
      maxOutputTokens: row.max_output_tokens,
    }),
  ]);
  return Object.fromEntries(rows);
}

export function normalizeTools(input: ToolsInput | undefined, context: NormalizeContext): readonly ToolConfig[] {
  const tools: ToolConfig[] = [];
  for (const [index, tool] of (input ?? []).entries()) {
    const path = `tools[${index}]`;
    if (tools.some(({ name }) => name === tool.name)) {
      context.problems.add(`${path}.name`, `${tool.name} is used twice; names must differ`);
    }
    if (BUILT_IN_TOOLS.some((name) => name === tool.name)) {
      context.problems.add(`${path}.name`, `${tool.name} is the name of a built-in tool; choose another one`);
    }
    const url = toEndpoint(tool.url, `${path}.url`, context);
    if (url === undefined) continue;
    const headers = Object.entries(tool.headers ?? {});
    tools.push({
      name: tool.name,
      description: tool.description,
      parameters: tool.parameters ?? { type: 'object', properties: {} },
      url,
      method: tool.method ?? 'POST',
      headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), toSecretValue(value)])),
      timeoutMs: tool.timeout ?? 30_000,
      allowedCidrs: toAllowedCidrs(tool.allowed_cidrs, url, context),
    });
  }
  return tools;
}
