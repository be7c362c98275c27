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
    sampleRatio: toSampleRatio(input, context),
    resource: toResource(context),
    langfuse: toLangfuse(input, context),
  });
}

type Tracing = NonNullable<ObservabilityConfig['tracing']>;

/** The file's own words, else those of OpenTelemetry's variables. */
function toTracing(input: ObservabilityInput | undefined, context: NormalizeContext): Tracing | undefined {
  const { environment, problems } = context;
  if (environment.OTEL_SDK_DISABLED?.toLowerCase() === 'true') return undefined;
  const written = input?.tracing;
  const variable = environment.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (written !== undefined && written.endpoint === undefined && !variable) {
    problems.add('observability.tracing.endpoint', 'is required, unless OTEL_EXPORTER_OTLP_ENDPOINT is set');
  }
  const endpoint =
    written?.endpoint !== undefined || !variable
      ? toEndpoint(written?.endpoint, 'observability.tracing.endpoint', context)
      : toEndpoint(variable, 'OTEL_EXPORTER_OTLP_ENDPOINT', context);
  if (endpoint === undefined) return undefined;
  const headers = [...listPairs(environment.OTEL_EXPORTER_OTLP_HEADERS), ...Object.entries(written?.headers ?? {})];
  return {
    endpoint,
    headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), toSecretValue(value)])),
    protocol: written?.protocol ?? toProtocol(context),
  };
}

function toProtocol({ environment, problems }: NormalizeContext): Tracing['protocol'] {
  const protocol = environment.OTEL_EXPORTER_OTLP_PROTOCOL;
  if (protocol === 'http/json') return protocol;
  if (protocol && protocol !== 'http/protobuf') {
    problems.add(
      'OTEL_EXPORTER_OTLP_PROTOCOL',
      'must be http/protobuf or http/json; give the address of such a receiver',
    );
  }
  return 'http/protobuf';
}

function toSampleRatio(input: ObservabilityInput | undefined, { environment, problems }: NormalizeContext): number {
  if (input?.tracing?.sample_ratio !== undefined) return input.tracing.sample_ratio;
  const { OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: argument } = environment;
  if (sampler?.endsWith('always_off')) return 0;
  if (!sampler?.endsWith('traceidratio') || !argument) return 1;
  const ratio = Number(argument);
  if (ratio >= 0 && ratio <= 1) return ratio;
  problems.add('OTEL_TRACES_SAMPLER_ARG', 'must be a number from 0 to 1');
  return 1;
}

function toResource({ environment, project }: NormalizeContext): Readonly<Record<string, string>> {
  return {
    ...(project === undefined ? {} : { 'gcp.project_id': project }),
    ...Object.fromEntries(listPairs(environment.OTEL_RESOURCE_ATTRIBUTES)),
    'service.name': environment.OTEL_SERVICE_NAME || environment.K_SERVICE || 'sluice',
  };
}

/** `name=value,name=value`, percent-encoded, as OpenTelemetry's variables have it; what is none of that is passed over. */
function listPairs(text: string | undefined): [name: string, value: string][] {
  return (text ?? '').split(',').flatMap((pair): [string, string][] => {
    const [, name, value] = /^\s*([\w.-]+)\s*=\s*(\S.*?)\s*$/.exec(pair) ?? [];
    return name === undefined || value === undefined ? [] : [[name, decode(value)]];
  });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function toLangfuse(input: ObservabilityInput | undefined, context: NormalizeContext): ObservabilityConfig['langfuse'] {
  const langfuse = input?.langfuse;
  if (langfuse === undefined) return undefined;
  const endpoint = toEndpoint(langfuse.endpoint ?? LANGFUSE, 'observability.langfuse.endpoint', context);
  if (endpoint === undefined) return undefined;
  return { endpoint, publicKey: toSecretValue(langfuse.public_key), secretKey: toSecretValue(langfuse.secret_key) };
}
