import type { MetricFamily } from '../metrics.ts';
import { OTEL_UNITS } from './meter-sink.ts';
import type { Attributes, Span } from './span.ts';

export type OtlpProtocol = 'http/protobuf' | 'http/json';

/** Bodies of OTLP requests (https://opentelemetry.io/docs/specs/otlp/#otlphttp). */
export interface Otlp {
  readonly contentType: string;
  traces(spans: readonly Span[]): Uint8Array;
  metrics(families: readonly MetricFamily[], period: { readonly startMs: number; readonly endMs: number }): Uint8Array;
}

type Library = typeof import('@opentelemetry/otlp-transformer');
type LibrarySpan = Parameters<Library['ProtobufTraceSerializer']['serializeRequest']>[0][number];
type LibraryMetrics = Parameters<Library['ProtobufMetricsSerializer']['serializeRequest']>[0];
type LibraryMetric = LibraryMetrics['scopeMetrics'][number]['metrics'][number];

/** The numbers of OpenTelemetry's own enumerations, which have no other values on the wire. */
const KINDS = { internal: 0, server: 1, client: 2 } as const;
const STATUS_ERROR = 2;
const SAMPLED = 1;
const DOUBLE = 1;
const CUMULATIVE = 1;
const HISTOGRAM = 0;

/** Loads the serialisers, which is some ten milliseconds: nobody should wait for it who does not export. */
export async function loadOtlp({
  protocol,
  resource: attributes,
}: {
  readonly protocol: OtlpProtocol;
  readonly resource: Readonly<Record<string, string>>;
}): Promise<Otlp> {
  const library = await import('@opentelemetry/otlp-transformer');
  const isJson = protocol === 'http/json';
  const serializers = isJson
    ? { traces: library.JsonTraceSerializer, metrics: library.JsonMetricsSerializer }
    : { traces: library.ProtobufTraceSerializer, metrics: library.ProtobufMetricsSerializer };
  const resource = { attributes } as unknown as LibrarySpan['resource'];
  const scope = { name: 'sluice' };

  const toSpan = (span: Span): LibrarySpan => {
    const context = (spanId: string) => ({ traceId: span.traceId, spanId, traceFlags: SAMPLED });
    return {
      name: span.name,
      kind: KINDS[span.kind],
      spanContext: () => context(span.spanId),
      ...(span.parentSpanId === undefined ? {} : { parentSpanContext: context(span.parentSpanId) }),
      startTime: toHrTime(span.startMs),
      endTime: toHrTime(span.endMs),
      duration: toHrTime(span.endMs - span.startMs),
      status: span.error === undefined ? { code: 0 } : { code: STATUS_ERROR, message: span.error },
      attributes: toAttributes(span.attributes),
      links: [],
      events: [],
      ended: true,
      resource,
      instrumentationScope: scope,
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    };
  };

  return {
    contentType: isJson ? 'application/json' : 'application/x-protobuf',
    traces: (spans) => serializers.traces.serializeRequest(spans.map(toSpan)) ?? new Uint8Array(),
    metrics: (families, { startMs, endMs }) => {
      const period = { startTime: toHrTime(startMs), endTime: toHrTime(endMs) };
      const metrics = families.flatMap((family) => toMetric(family, period) ?? []);
      return serializers.metrics.serializeRequest({ resource, scopeMetrics: [{ scope, metrics }] }) ?? new Uint8Array();
    },
  };
}

type HrTime = [number, number];

function toMetric(
  family: MetricFamily,
  period: { readonly startTime: HrTime; readonly endTime: HrTime },
): LibraryMetric | undefined {
  if (family.type !== 'histogram' || family.series.length === 0) return undefined;
  const { name, help, labels: names = [], buckets, series } = family;
  return {
    descriptor: { name, description: help, unit: OTEL_UNITS[name] ?? 's', valueType: DOUBLE },
    aggregationTemporality: CUMULATIVE,
    dataPointType: HISTOGRAM,
    dataPoints: series.map(({ labels, counts, sum, count }) => ({
      ...period,
      attributes: toAttributes(Object.fromEntries(names.map((label, index) => [label, labels[index] || undefined]))),
      value: { buckets: { boundaries: [...buckets], counts: [...counts] }, sum, count },
    })),
  };
}

function toAttributes(attributes: Attributes): LibrarySpan['attributes'] {
  const known = Object.entries(attributes).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as LibrarySpan['attributes'];
}

function toHrTime(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1000);
  return [seconds, Math.round((milliseconds - seconds * 1000) * 1e6)];
}
