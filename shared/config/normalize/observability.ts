import type { RecordStoreName } from '../names.ts';
import { defined } from '../objects.ts';
import type { ObservabilityInput } from '../schema/observability.ts';
import { toSecretValue } from '../secret-value.ts';
import type { ObservabilityConfig } from '../types.ts';
import { type NormalizeContext, toEndpoint } from './context.ts';

const LANGFUSE = 'https://cloud.langfuse.com';

export function normalizeObservability(
  input: ObservabilityInput | undefined,
  recordStore: RecordStoreName,
  context: NormalizeContext,
): ObservabilityConfig {
  const models = input?.llm_observability;
  const enabled = models?.enabled ?? true;
  return defined({
    costTracking: input?.cost_tracking ?? true,
    costAlertThresholdUsd: input?.cost_alert_threshold,
    trackTokens: enabled && (models?.track_tokens ?? true),
    dailyTokenLimit: enabled ? models?.daily_token_limit : undefined,
    logContent: input?.log_content ?? false,
    metrics: defined({
      enabled: input?.metrics?.enabled ?? true,
      token: input?.metrics?.token === undefined ? undefined : toSecretValue(input.metrics.token),
    }),
    ledger: input?.ledger ?? recordStore,
    usageCollection: input?.usage_collection ?? 'usage',
    tracing: toTracing(input, context),
    langfuse: toLangfuse(input, context),
  });
}

function toTracing(input: ObservabilityInput | undefined, context: NormalizeContext): ObservabilityConfig['tracing'] {
  const endpoint = toEndpoint(input?.tracing?.endpoint, 'observability.tracing.endpoint', context);
  if (endpoint === undefined) return undefined;
  const headers = Object.entries(input?.tracing?.headers ?? {});
  return {
    endpoint,
    headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), toSecretValue(value)])),
    sampleRatio: input?.tracing?.sample_ratio ?? 1,
  };
}

function toLangfuse(input: ObservabilityInput | undefined, context: NormalizeContext): ObservabilityConfig['langfuse'] {
  const langfuse = input?.langfuse;
  if (langfuse === undefined) return undefined;
  const endpoint = toEndpoint(langfuse.endpoint ?? LANGFUSE, 'observability.langfuse.endpoint', context);
  if (endpoint === undefined) return undefined;
  return { endpoint, publicKey: toSecretValue(langfuse.public_key), secretKey: toSecretValue(langfuse.secret_key) };
}
