import type { Metrics } from '../metrics.ts';
import type { Target, TelemetrySink } from '../telemetry.ts';
import { GEN_AI, GEN_AI_METRICS, toProviderName } from './gen-ai-names.ts';

/** Bounds that the conventions advise. */
const SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const TOKENS = [1, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864];
const HTTP_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

export interface MeterSinkOptions {
  readonly metrics: Metrics;
  readonly labelOf: (target: Target) => string;
  readonly tracksTokens: boolean;
}

/** Units by the conventions' names, which do not carry them as Prometheus' do. */
export const OTEL_UNITS: Readonly<Record<string, string>> = {
  [GEN_AI_METRICS.tokens]: '{token}',
};

/** The metrics of the OpenTelemetry conventions, for whoever takes them over OTLP. An empty label is none. */
export function createMeterSink({ metrics, labelOf, tracksTokens }: MeterSinkOptions): TelemetrySink {
  const byModel = [GEN_AI.operation, GEN_AI.provider, GEN_AI.requestModel];
  const duration = metrics.histogram({
    name: GEN_AI_METRICS.duration,
    help: 'GenAI operation duration.',
    labels: [...byModel, 'error.type'],
    buckets: SECONDS,
  });
  const usage = metrics.histogram({
    name: GEN_AI_METRICS.tokens,
    help: 'Number of input and output tokens used.',
    labels: [...byModel, GEN_AI.tokenType],
    buckets: TOKENS,
  });
  const firstChunk = metrics.histogram({
    name: GEN_AI_METRICS.firstChunk,
    help: 'Time to receive the first chunk of a streamed answer.',
    labels: byModel,
    buckets: SECONDS,
  });
  const http = metrics.histogram({
    name: 'http.server.request.duration',
    help: 'Duration of HTTP server requests.',
    labels: ['http.request.method', 'http.route', 'http.response.status_code', 'error.type'],
    buckets: HTTP_SECONDS,
  });
  const labelsOf = (operation: string, target: Target): readonly string[] => [
    operation,
    toProviderName(target.provider),
    labelOf(target),
  ];

  return {
    callFinished({ method, route, status, latencyMs, error }) {
      http([method, route, String(status), status >= 500 ? (error?.code ?? '') : ''], latencyMs / 1000);
    },
    legFinished(leg) {
      const labels = labelsOf('chat', leg);
      if (leg.isSent) duration([...labels, leg.error?.code ?? ''], leg.latencyMs / 1000);
      if (leg.firstTokenMs !== undefined) firstChunk(labels, leg.firstTokenMs / 1000);
      if (!tracksTokens || leg.promptTokens === undefined) return;
      usage([...labels, 'input'], leg.promptTokens);
      usage([...labels, 'output'], leg.completionTokens ?? 0);
    },
    textsEmbedded({ latencyMs, tokens, error, ...target }) {
      const labels = labelsOf('embeddings', target);
      duration([...labels, error?.code ?? ''], latencyMs / 1000);
      if (tracksTokens && tokens !== undefined) usage([...labels, 'input'], tokens);
    },
  };
}
