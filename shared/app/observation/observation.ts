import type { SluiceConfig } from '../../config/types.ts';
import type { AppError, ErrorCode } from '../../contracts/app-error.ts';
import type { FrontDoorOptions } from '../../http/front-door.ts';
import type { HttpFunctionOptions } from '../../http/http-function.ts';
import { type Call, elapsedMs } from '../../telemetry/call.ts';
import type { Log } from '../../telemetry/log.ts';
import { createLogSink } from '../../telemetry/log-sink.ts';
import { createMetrics, type Metrics } from '../../telemetry/metrics.ts';
import { createMetricsSink, observeProcess } from '../../telemetry/metrics-sink.ts';
import { createTelemetry, type Telemetry } from '../../telemetry/telemetry.ts';
import { readTraceContext, startTrace } from '../../telemetry/trace-context.ts';
import type { ModelCatalogue } from '../../usage/catalogue.ts';
import { createModelLabels } from './model-labels.ts';
import { createTracing, type TracingParts } from './tracing.ts';

/** How a function's requests are accounted for. */
export type HttpObservation = Required<Pick<HttpFunctionOptions, 'startCall' | 'onOutcome'>> &
  Pick<HttpFunctionOptions, 'within'> &
  Required<Pick<FrontDoorOptions, 'onRefused'>>;

/** Everything that keeps account of what the service does. */
export interface Observation {
  readonly telemetry: Telemetry;
  readonly metrics: Pick<Metrics, 'families'>;
  /** @param name the function, as lines and metrics call it. */
  http(name: string): HttpObservation;
  /** Does the work of an event, and sends what is to be exported before the platform takes the processor away. */
  event<Result>(name: string, event: EventReference, work: () => Promise<Result>): Promise<Result>;
  /** Sends what is to be exported; resolves when that is done or given up. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** An event as it is delivered, as far as it says where it comes from. */
export interface EventReference {
  readonly id?: string;
  /** Attribute of the distributed tracing extension of CloudEvents. */
  readonly traceparent?: unknown;
}

export interface ObservationOptions extends TracingParts {
  readonly config: SluiceConfig;
  readonly catalogue: Pick<ModelCatalogue, 'find'>;
  readonly log: Log;
}

/** The log and the metrics, which are always on, and traces where they are configured. */
export function createObservation({ config, catalogue, log, ...parts }: ObservationOptions): Observation {
  const tracks = { tracksTokens: config.observability.trackTokens, tracksCost: config.observability.costTracking };
  const metrics = createMetrics();
  observeProcess(metrics);
  const labelOf = createModelLabels(config, catalogue);
  const tracing = createTracing({ config, labelOf, log, ...parts });
  const telemetry = createTelemetry([
    createLogSink({ log, project: config.project, ...tracks }),
    createMetricsSink({ metrics, labelOf, ...tracks }),
    ...(tracing?.sinks ?? []),
  ]);

  const startCall = (name: string, requestId: string, header: (name: string) => string | undefined): Call => ({
    requestId,
    functionName: name,
    trace: tracing ? startTrace(header, tracing.sampleRatio) : readTraceContext(header),
    startedAtMs: performance.now(),
    facts: {},
  });

  return {
    telemetry,
    metrics,
    http: (name) => ({
      startCall: (requestId, header) => startCall(name, requestId, header),
      ...(tracing ? { within: tracing.within } : {}),
      onOutcome: ({ context, method, status, latencyMs, error }) => {
        if (error) noteAttempts(error, context.call);
        telemetry.callFinished({
          call: context.call,
          method,
          route: context.route,
          status,
          latencyMs,
          ...(error === undefined ? {} : { error }),
        });
      },
      onRefused: ({ requestId, header, ...refusal }) => {
        const call = startCall(name, requestId, header);
        const tell = async (): Promise<void> => {
          telemetry.callFinished({ call, route: 'unknown', latencyMs: elapsedMs(call), ...refusal });
        };
        void (tracing ? tracing.within(call, tell) : tell());
      },
    }),
    async event(name, { id = '', traceparent }, work) {
      if (!tracing) return await work();
      const header = (): string | undefined => (typeof traceparent === 'string' ? traceparent : undefined);
      const call = {
        requestId: id,
        functionName: name,
        trace: startTrace(header, tracing.sampleRatio),
        startedAtMs: performance.now(),
        facts: {},
      };
      try {
        return await tracing.within(call, work);
      } finally {
        tracing.eventFinished();
        await tracing.flush();
      }
    },
    flush: async () => await tracing?.flush(),
    close: async () => await tracing?.close(),
  };
}

/** Failures that no other leg would have helped with. */
const CALLERS_OWN: ReadonlySet<ErrorCode> = new Set(['invalid_request', 'too_large', 'content_filtered', 'cancelled']);

/** What a cascade that failed says about its legs. */
function noteAttempts({ code, details }: AppError, { facts }: Call): void {
  const attempts = details?.attempts;
  if (!Array.isArray(attempts)) return;
  facts.attempts = attempts.length;
  if (!CALLERS_OWN.has(code)) facts.exhausted = true;
}
