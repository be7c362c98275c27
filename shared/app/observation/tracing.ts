import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { SecretValue } from '../../config/secret-value.ts';
import type { SluiceConfig } from '../../config/types.ts';
import type { Call } from '../../telemetry/call.ts';
import type { Log } from '../../telemetry/log.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import { createExporter, type Destination } from '../../telemetry/otel/exporter.ts';
import { createMeterSink } from '../../telemetry/otel/meter-sink.ts';
import { createSpanSink } from '../../telemetry/otel/span-sink.ts';
import type { Target, TelemetrySink } from '../../telemetry/telemetry.ts';
import type { Credentials } from '../credentials.ts';
import type { Outgoing } from '../outgoing.ts';

/** Traces and metrics over OTLP. */
export interface Tracing {
  readonly sinks: readonly TelemetrySink[];
  /** Share of requests that are sampled beside those that their callers sampled. */
  readonly sampleRatio: number;
  /** Runs work as that of a call, so that what happens on the way is put below it. */
  within<Result>(call: Call, work: () => Promise<Result>): Promise<Result>;
  /** The end of a call that is none over HTTP. */
  eventFinished(): void;
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** What is only there once everything is put together, and is first used when something is sent. */
export interface TracingParts {
  readonly outgoing: () => Pick<Outgoing, 'fetchFor'>;
  readonly credentials: () => Pick<Credentials, 'resolve' | 'forProvider'>;
}

export interface TracingOptions extends TracingParts {
  readonly config: Pick<SluiceConfig, 'observability'>;
  readonly labelOf: (target: Target) => string;
  readonly log: Log;
}

/** Langfuse takes OTLP below this path (https://langfuse.com/integrations/native/opentelemetry). */
const LANGFUSE_PATH = '/api/public/otel';

/** Undefined where neither a receiver nor Langfuse is configured: then nothing is loaded, and nothing leaves. */
export function createTracing({ config, labelOf, log, outgoing, credentials }: TracingOptions): Tracing | undefined {
  const { tracing, langfuse, resource, sampleRatio, trackTokens } = config.observability;
  const resolve = (value: SecretValue): Promise<string> => credentials().resolve(value);
  const destinations: Destination[] = [];
  if (tracing) {
    const { endpoint, protocol } = tracing;
    destinations.push({
      name: 'tracing',
      endpoint,
      protocol,
      fetch: (url, init) => outgoing().fetchFor('tracing', { endpoint, allowedCidrs: [] })(url, init),
      headers: async () => {
        const written = await resolveAll(tracing.headers, resolve);
        if (!isGoogle(endpoint) || written.authorization !== undefined) return written;
        // Google's own receiver knows the service by its identity.
        const token = await credentials().forProvider({ provider: 'vertexai', apiKeys: [] });
        return { ...written, authorization: `Bearer ${token}` };
      },
      takesMetrics: true,
    });
  }
  if (langfuse) {
    const endpoint = `${langfuse.endpoint}${LANGFUSE_PATH}`;
    destinations.push({
      name: 'langfuse',
      endpoint,
      protocol: 'http/protobuf',
      fetch: (url, init) => outgoing().fetchFor('langfuse', { endpoint, allowedCidrs: [] })(url, init),
      headers: async () => {
        const [user, password] = await Promise.all([resolve(langfuse.publicKey), resolve(langfuse.secretKey)]);
        return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
      },
      takesMetrics: false,
    });
  }
  if (destinations.length === 0) return undefined;

  const metrics = createMetrics();
  const exporter = createExporter({
    destinations,
    resource: { ...resource, 'service.instance.id': randomUUID() },
    metrics: metrics.families,
    log,
  });
  const calls = new AsyncLocalStorage<Call>();
  return {
    sinks: [
      createSpanSink({ add: exporter.add, currentCall: () => calls.getStore(), now: Date.now }),
      ...(tracing ? [createMeterSink({ metrics, labelOf, tracksTokens: trackTokens })] : []),
      // Last, so that a call's own span is among what is sent when it was the last one under way.
      { callFinished: () => exporter.callsChanged(-1) },
    ],
    sampleRatio,
    within(call, work) {
      exporter.callsChanged(1);
      return calls.run(call, work);
    },
    eventFinished: () => exporter.callsChanged(-1),
    flush: exporter.flush,
    close: exporter.close,
  };
}

async function resolveAll(
  values: Readonly<Record<string, SecretValue>>,
  resolve: (value: SecretValue) => Promise<string>,
): Promise<Record<string, string>> {
  const entries = await Promise.all(
    Object.entries(values).map(async ([name, value]) => [name, await resolve(value)] as const),
  );
  return Object.fromEntries(entries);
}

function isGoogle(endpoint: string): boolean {
  return new URL(endpoint).hostname.endsWith('.googleapis.com');
}
