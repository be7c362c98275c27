import type { SluiceConfig } from '../config/types.ts';
import type { AppError, ErrorCode } from '../contracts/app-error.ts';
import type { HttpFunctionOptions } from '../http/define-handler.ts';
import type { Call } from '../telemetry/call.ts';
import type { Log } from '../telemetry/log.ts';
import { createLogSink } from '../telemetry/log-sink.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { createMetricsSink, observeProcess } from '../telemetry/metrics-sink.ts';
import { createTelemetry, type Telemetry } from '../telemetry/telemetry.ts';
import { readTraceContext } from '../telemetry/trace-context.ts';
import type { ModelCatalogue } from '../usage/catalogue.ts';
import { createModelLabels } from './model-labels.ts';

/** How a function's requests are accounted for. */
export type HttpObservation = Required<Pick<HttpFunctionOptions, 'startCall' | 'onOutcome'>>;

/** Everything that keeps account of what the service does. */
export interface Observation {
  readonly telemetry: Telemetry;
  readonly metrics: Pick<Metrics, 'families'>;
  /** @param name the function, as lines and metrics call it. */
  http(name: string): HttpObservation;
}

export interface ObservationOptions {
  readonly config: SluiceConfig;
  readonly catalogue: Pick<ModelCatalogue, 'find'>;
  readonly log: Log;
}

/** The log and the metrics, which are always on. */
export function createObservation({ config, catalogue, log }: ObservationOptions): Observation {
  const tracks = { tracksTokens: config.observability.trackTokens, tracksCost: config.observability.costTracking };
  const metrics = createMetrics();
  observeProcess(metrics);
  const telemetry = createTelemetry([
    createLogSink({ log, project: config.project, ...tracks }),
    createMetricsSink({ metrics, labelOf: createModelLabels(config, catalogue), ...tracks }),
  ]);

  return {
    telemetry,
    metrics,
    http: (name) => ({
      startCall: (requestId, header) => ({
        requestId,
        functionName: name,
        trace: readTraceContext(header),
        startedAtMs: performance.now(),
        facts: {},
      }),
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
    }),
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
