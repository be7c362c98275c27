import {
  CACHE_NAMES,
  CHUNK_MODES,
  PRIVACY_MODES,
  PROVIDER_NAMES,
  RECORD_STORE_NAMES,
  RETRIEVAL_MODES,
} from '../names.ts';
import {
  anyText,
  cidrs,
  duration,
  flag,
  matching,
  name,
  number,
  secret,
  text,
  timeout,
  wholeNumber,
} from './common.ts';
import { anything, block, changed, type Infer, list, oneOf, record } from './schema.ts';
import { collectionName } from './vectorstore.ts';

export const cache = () =>
  block({
    provider: oneOf(CACHE_NAMES),
    ttl: duration.optional(),
    url: secret.optional(),
    collection: collectionName.optional(),
    max_entries: wholeNumber().optional(),
    allow_temperature: flag.optional(),
    semantic: block({ enabled: flag.optional(), threshold: number({ min: 0, max: 1 }).optional() }).optional(),
  });
export type CacheInput = Infer<ReturnType<typeof cache>>;

const rate = () => ({ requests_per_minute: wholeNumber().optional(), tokens_per_minute: wholeNumber().optional() });
const bytes = () => wholeNumber({ min: 1024, max: 512 * 1024 * 1024 }).optional();

export const limits = () =>
  block({
    chat_body_bytes: bytes(),
    embed_body_bytes: bytes(),
    ingest_body_bytes: bytes(),
    search_body_bytes: bytes(),
    body_bytes_in_flight: wholeNumber({ min: 1024 * 1024, max: 64 * 1024 ** 3 }).optional(),
    request_timeout: timeout.optional(),
    idle_timeout: timeout.optional(),
    daily_usd: number({ above: 0 }).optional(),
    ...rate(),
    max_inputs: wholeNumber({ max: 100_000 }).optional(),
    max_documents: wholeNumber({ max: 100_000 }).optional(),
    providers: block(
      Object.fromEntries(PROVIDER_NAMES.map((provider) => [provider, block(rate()).optional()])),
    ).optional(),
    forwarded_hops: wholeNumber({ min: 0, max: 10 }).optional(),
    client: block({ requests_per_second: number({ above: 0 }), burst: wholeNumber() }).optional(),
  });
export type LimitsInput = Infer<ReturnType<typeof limits>>;

export const ingestion = () =>
  block({
    chunk_size: wholeNumber({ max: 1_000_000 }).optional(),
    chunk_overlap: wholeNumber({ min: 0, max: 1_000_000 }).optional(),
    mode: oneOf(CHUNK_MODES).optional(),
    concurrency: wholeNumber({ max: 64 }).optional(),
    max_event_age: duration.optional(),
    store: oneOf(RECORD_STORE_NAMES).optional(),
    documents_collection: collectionName.optional(),
    ingestions_collection: collectionName.optional(),
  });
export type IngestionInput = Infer<ReturnType<typeof ingestion>>;

export const retrieval = () =>
  block({
    top_k: wholeNumber({ min: 1, max: 1000 }).optional(),
    min_score: number({ min: 0, max: 1 }).optional(),
    mode: oneOf(RETRIEVAL_MODES).optional(),
    mmr: changed(
      (value) => (value === true || value === 'true' ? {} : value === false || value === 'false' ? undefined : value),
      block({ lambda: number({ min: 0, max: 1 }).optional() }).optional(),
    ),
    rewrite: flag.optional(),
    multi_query: wholeNumber({ min: 0, max: 5 }).optional(),
    answer_without_context: flag.optional(),
  });
export type RetrievalInput = Infer<ReturnType<typeof retrieval>>;

export const privacy = () => block({ mode: oneOf(PRIVACY_MODES) });

const region = matching(/^[A-Za-z0-9-]{1,64}$/, 'must be a region such as europe-west1 or eu');

export const routing = () =>
  block({
    rules: list(
      block({
        when: block({
          prompt_tokens_over: wholeNumber({ min: 0 }).optional(),
          prompt_tokens_under: wholeNumber().optional(),
          tools: flag.optional(),
          images: flag.optional(),
          region: changed(
            (value) => (typeof value === 'string' ? [value] : value),
            list(region, 'must list at least one region'),
          ).optional(),
        }),
        agent: name,
      }),
    ).optional(),
  });
export type RoutingInput = Infer<ReturnType<typeof routing>>;

const price = number({ min: 0 }).optional();

export const prices = () =>
  record(
    matching(/^[a-z_]+\/[\w@][\w.:@/+-]*$/, 'must be provider/model'),
    block({
      unit: oneOf(['tokens', 'characters']).optional(),
      input: price,
      output: price,
      cached_input: price,
      cache_write: price,
      context_window: wholeNumber().optional(),
      max_output_tokens: wholeNumber().optional(),
    }),
  );
export type PricesInput = Infer<ReturnType<typeof prices>>;

export const tools = () =>
  list(
    block({
      name: matching(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, dashes or underscores'),
      description: text,
      parameters: record(anyText, anything).optional(),
      url: text,
      method: oneOf(['GET', 'POST']).optional(),
      headers: record(matching(/^[A-Za-z0-9-]{1,64}$/, 'must be a header name'), secret).optional(),
      timeout: timeout.optional(),
      allowed_cidrs: cidrs.optional(),
    }),
  );
export type ToolsInput = Infer<ReturnType<typeof tools>>;
