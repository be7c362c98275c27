import type { Metrics } from './metrics.ts';
import type { CircuitChanged, Target, TelemetrySink } from './telemetry.ts';

/** What a leg, an embedding or a search takes, in seconds. */
const MODEL_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300];
const FIRST_TOKEN_BUCKETS = [0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 6, 12, 30];
const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
const SEARCH_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
/** From the writing of a document to its passages: an event may be tried again for hours. */
const LAG_BUCKETS = [0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400];

const CIRCUIT_STATES: Readonly<Record<CircuitChanged['state'], number>> = { closed: 0, half_open: 1, open: 2 };

export interface MetricsSinkOptions {
  readonly metrics: Metrics;
  /** The label of a model: its name when configuration or catalogue know it, else `other`. */
  readonly labelOf: (target: Target) => string;
  readonly tracksTokens: boolean;
  readonly tracksCost: boolean;
}

/** What Prometheus is told. Every label has few values: none of them is a caller's to choose. */
export function createMetricsSink({ metrics, labelOf, tracksTokens, tracksCost }: MetricsSinkOptions): TelemetrySink {
  const byModel = ['provider', 'model'];

  const requests = metrics.counter({
    name: 'sluice_requests_total',
    help: 'Requests by function, route and HTTP status.',
    labels: ['function', 'route', 'status'],
  });
  const requestSeconds = metrics.histogram({
    name: 'sluice_request_duration_seconds',
    help: 'From the arrival of a request to the end of its answer.',
    labels: ['function', 'route'],
    buckets: REQUEST_BUCKETS,
  });
  const errors = metrics.counter({
    name: 'sluice_errors_total',
    help: 'Requests that failed, by the code of the error.',
    labels: ['function', 'code'],
  });
  const exhausted = metrics.counter({
    name: 'sluice_cascades_exhausted_total',
    help: 'Requests that no leg of the cascade could answer, by the code of the error.',
    labels: ['function', 'code'],
  });
  const cacheLookups = metrics.counter({
    name: 'sluice_cache_lookups_total',
    help: 'Answers that were looked for in the cache, by result: hit or miss.',
    labels: ['result'],
  });
  const streams = metrics.gauge({ name: 'sluice_streams_in_flight', help: 'Streamed answers that are under way.' });

  const latency = metrics.histogram({
    name: 'llm_provider_latency_seconds',
    help: 'LLM API call latency by provider, retries included, streams to their end.',
    labels: byModel,
    buckets: MODEL_BUCKETS,
  });
  const firstToken = metrics.histogram({
    name: 'llm_provider_time_to_first_token_seconds',
    help: 'From the call of a provider to the first output of its stream.',
    labels: byModel,
    buckets: FIRST_TOKEN_BUCKETS,
  });
  const legs = metrics.counter({
    name: 'llm_provider_requests_total',
    help: 'Legs by outcome: answered, failed, broken (after the first output), cancelled (by the caller).',
    labels: [...byModel, 'outcome'],
  });
  const legErrors = metrics.counter({
    name: 'llm_provider_errors_total',
    help: 'Legs that failed or broke off, by the code of the error.',
    labels: [...byModel, 'code'],
  });
  const retries = metrics.counter({
    name: 'llm_provider_retries_total',
    help: 'Attempts that were repeated within a leg, by the code of the error.',
    labels: [...byModel, 'code'],
  });
  const fallbacks = metrics.counter({
    name: 'llm_provider_fallbacks_total',
    help: 'Answers by a leg that was not the first.',
    labels: byModel,
  });
  const circuits = metrics.gauge({
    name: 'llm_provider_circuit_state',
    help: 'Circuit breaker: 0 closed, 1 half open, 2 open.',
    labels: byModel,
  });
  const tokens = metrics.counter({
    name: 'llm_provider_tokens_total',
    help: 'Tokens by type: prompt or completion.',
    labels: [...byModel, 'type'],
  });
  const cost = metrics.counter({
    name: 'llm_provider_cost_usd_total',
    help: 'Cost of calls whose price is known, in USD.',
    labels: byModel,
  });
  const unpriced = metrics.counter({
    name: 'llm_provider_unpriced_requests_total',
    help: 'Answered calls whose price is not known.',
    labels: byModel,
  });
  const costAlerts = metrics.counter({
    name: 'sluice_cost_alerts_total',
    help: 'Days whose cost went above observability.cost_alert_threshold.',
  });

  const embeddingSeconds = metrics.histogram({
    name: 'sluice_embedding_duration_seconds',
    help: 'Requests to embedding models.',
    labels: byModel,
    buckets: MODEL_BUCKETS,
  });
  const embeddingErrors = metrics.counter({
    name: 'sluice_embedding_errors_total',
    help: 'Requests to embedding models that failed, by the code of the error.',
    labels: [...byModel, 'code'],
  });
  const embeddedTexts = metrics.counter({
    name: 'sluice_embedded_texts_total',
    help: 'Texts that were turned into vectors.',
    labels: byModel,
  });
  const searchSeconds = metrics.histogram({
    name: 'sluice_search_duration_seconds',
    help: 'Queries to the vector store.',
    labels: ['store'],
    buckets: SEARCH_BUCKETS,
  });
  const searchErrors = metrics.counter({
    name: 'sluice_search_errors_total',
    help: 'Queries to the vector store that failed, by the code of the error.',
    labels: ['store', 'code'],
  });
  const tools = metrics.counter({
    name: 'sluice_tool_calls_total',
    help: 'Tools that agents ran, by outcome: ok or the code of the error.',
    labels: ['tool', 'outcome'],
  });
  const documents = metrics.counter({
    name: 'sluice_ingested_documents_total',
    help: 'Documents by way (request, event) and outcome.',
    labels: ['via', 'outcome'],
  });
  const lag = metrics.histogram({
    name: 'sluice_ingestion_lag_seconds',
    help: 'From the writing of a document to Firestore to the end of its ingestion.',
    buckets: LAG_BUCKETS,
  });
  const blocked = metrics.counter({
    name: 'sluice_blocked_requests_total',
    help: 'Outgoing requests that the guard refused, by reason and target.',
    labels: ['reason', 'target'],
  });

  const countTokens = (labels: readonly string[], prompt: number, completion?: number): void => {
    if (!tracksTokens) return;
    tokens([...labels, 'prompt'], prompt);
    if (completion !== undefined) tokens([...labels, 'completion'], completion);
  };
  const countCost = (labels: readonly string[], costUsd: number | null): void => {
    if (!tracksCost) return;
    if (costUsd === null) unpriced(labels);
    else cost(labels, costUsd);
  };

  return {
    callFinished({ call, route, status, latencyMs, error }) {
      const { functionName, facts } = call;
      requests([functionName, route, String(status)]);
      requestSeconds([functionName, route], latencyMs / 1000);
      if (error) errors([functionName, error.code]);
      if (error && facts.exhausted) exhausted([functionName, error.code]);
      if (facts.cache === 'hit' || facts.cache === 'miss') cacheLookups([facts.cache]);
    },

    legFinished(leg) {
      const { provider, outcome, error, position } = leg;
      const model = labelOf(leg);
      const labels = [provider, model];
      legs([provider, model, outcome]);
      // A leg that was refused here, or left by its caller, says nothing about how fast its provider is.
      if (leg.isSent && outcome !== 'cancelled') latency(labels, leg.latencyMs / 1000);
      if (leg.firstTokenMs !== undefined) firstToken(labels, leg.firstTokenMs / 1000);
      if (error && outcome !== 'cancelled') legErrors([provider, model, error.code]);
      if (outcome === 'answered' && position > 1) fallbacks(labels);
      if (leg.promptTokens !== undefined) countTokens(labels, leg.promptTokens, leg.completionTokens);
      if (leg.costUsd !== undefined) countCost(labels, leg.costUsd);
    },

    embeddingsCharged({ tokens: used, costUsd, ...target }) {
      const labels = [target.provider, labelOf(target)];
      countTokens(labels, used);
      countCost(labels, costUsd);
    },

    legRetried: ({ code, ...target }) => retries([target.provider, labelOf(target), code]),
    circuitChanged: ({ state, ...target }) => circuits.set([target.provider, labelOf(target)], CIRCUIT_STATES[state]),
    requestBlocked: ({ reason, target }) => blocked([reason, target]),
    costAlert: () => costAlerts([]),
    streamsChanged: (change) => streams.add([], change),

    documentIngested({ via, outcome, lagMs }) {
      documents([via, outcome]);
      if (lagMs !== undefined) lag([], lagMs / 1000);
    },

    textsEmbedded({ texts, latencyMs, error, ...target }) {
      const labels = [target.provider, labelOf(target)];
      embeddingSeconds(labels, latencyMs / 1000);
      if (error) embeddingErrors([...labels, error.code]);
      else embeddedTexts(labels, texts);
    },

    storeSearched({ store, latencyMs, error }) {
      searchSeconds([store], latencyMs / 1000);
      if (error) searchErrors([store, error.code]);
    },

    toolFinished: ({ tool, error }) => tools([tool, error?.code ?? 'ok']),
  };
}

/** What the process itself takes, under the names that Prometheus' own client libraries use. */
export function observeProcess(metrics: Metrics): void {
  const startedAtSeconds = (Date.now() - performance.now()) / 1000;
  metrics.observed(
    { name: 'process_start_time_seconds', help: 'Start of the process, in seconds since the epoch.' },
    () => startedAtSeconds,
  );
  metrics.observed({ name: 'process_cpu_seconds_total', type: 'counter', help: 'User and system CPU time.' }, () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  metrics.observed({ name: 'process_resident_memory_bytes', help: 'Resident memory.' }, () =>
    process.memoryUsage.rss(),
  );
}
