import { onTestFinished } from 'vitest';
import { createScriptedServer, type RecordedRequest, type ScriptedServer } from './scripted-server.ts';

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code?: number };
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A receiver of OTLP over HTTP that reads JSON. */
export interface OtlpReceiver extends Pick<ScriptedServer, 'origin' | 'requests' | 'reply'> {
  spans(): ReceivedSpan[];
  /** The newest points of a metric, each with its attributes. */
  points(metric: string): Record<string, unknown>[];
  resource(): Readonly<Record<string, unknown>>;
}

/** Started for one test, and gone with it. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const server = await createScriptedServer({ body: {} });
  onTestFinished(server.close);
  const bodies = (path: string): Json[] =>
    server.requests.filter(({ url }) => url.endsWith(path)).map((request: RecordedRequest) => request.json() as Json);
  return {
    origin: server.origin,
    requests: server.requests,
    reply: server.reply,
    spans: () =>
      bodies('/v1/traces')
        .flatMap(({ resourceSpans }) => resourceSpans)
        .flatMap(({ scopeSpans }: Json) => scopeSpans)
        .flatMap(({ spans }: Json) => spans)
        .map((span: Json) => ({ ...span, attributes: toValues(span.attributes) })),
    points: (metric) =>
      (bodies('/v1/metrics').at(-1)?.resourceMetrics ?? [])
        .flatMap(({ scopeMetrics }: Json) => scopeMetrics)
        .flatMap(({ metrics }: Json) => metrics)
        .filter(({ name }: Json) => name === metric)
        .flatMap(({ histogram }: Json) => histogram.dataPoints)
        .map((point: Json) => ({ ...point, attributes: toValues(point.attributes) })),
    resource: () => toValues(bodies('/v1/traces')[0]?.resourceSpans[0].resource.attributes ?? []),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: a body of another's format, read by the test that expects it
type Json = any;

function toValues(attributes: readonly Json[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, toValue(value)]));
}

function toValue(value: Json): unknown {
  if (value.arrayValue) return value.arrayValue.values.map(toValue);
  const [plain] = Object.values(value);
  return value.intValue === undefined ? plain : Number(plain);
}
