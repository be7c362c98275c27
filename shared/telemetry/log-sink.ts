import type { Call } from './call.ts';
import { toSeconds } from './call.ts';
import { describeError, type Log, type Severity } from './log.ts';
import { safeText } from './safe-text.ts';
import type { LegContent, LegFinished, LegOutcome, TelemetrySink } from './telemetry.ts';

export interface LogSinkOptions {
  readonly log: Log;
  /** The Google Cloud project, under whose name Cloud Logging finds traces. */
  readonly project?: string | undefined;
  readonly tracksTokens: boolean;
  readonly tracksCost: boolean;
}

const LEG_LINES: Readonly<Record<LegOutcome, readonly [Severity, string]>> = {
  answered: ['INFO', 'leg answered'],
  failed: ['WARNING', 'leg failed'],
  broken: ['WARNING', 'leg broke off'],
  cancelled: ['INFO', 'leg cancelled'],
};

const MAX_CONTENT_CHARACTERS = 8_000;

/** Probes come every few seconds and say nothing as long as all is well. */
const QUIET_ROUTES: ReadonlySet<string> = new Set(['/health', '/ready', '/metrics']);

/** One line per call and one per leg, in the form of Cloud Logging (https://cloud.google.com/logging/docs/structured-logging). */
export function createLogSink({ log, project, tracksTokens, tracksCost }: LogSinkOptions): TelemetrySink {
  const refer = ({ trace, functionName, facts }: Call) => {
    const { agent, tenant, key } = facts;
    return {
      ...(trace && {
        'logging.googleapis.com/trace': project === undefined ? trace.traceId : toTraceName(project, trace.traceId),
        'logging.googleapis.com/spanId': trace.spanId ?? trace.parentSpanId,
        'logging.googleapis.com/trace_sampled': trace.sampled,
      }),
      'logging.googleapis.com/labels': {
        function: functionName,
        ...(agent === undefined ? {} : { agent }),
        ...(tenant == null ? {} : { tenant }),
        ...(key === undefined ? {} : { key }),
      },
    };
  };

  const measured = ({ promptTokens, completionTokens, costUsd }: LegFinished) => ({
    ...(tracksTokens ? { prompt_tokens: promptTokens, completion_tokens: completionTokens } : {}),
    ...(tracksCost ? { cost_usd: costUsd } : {}),
  });

  return {
    callFinished({ call, method, route, status, latencyMs, error }) {
      if (status === 200 && QUIET_ROUTES.has(route)) return;
      const { prompt_tokens, completion_tokens, cost_usd, model, ...facts } = call.facts;
      log(status >= 500 ? 'ERROR' : 'INFO', `${method} ${route} ${status}`, {
        function: call.functionName,
        request_id: call.requestId,
        status,
        latency_seconds: toSeconds(latencyMs),
        ...facts,
        ...(model === undefined ? {} : { model: safeText(model) }),
        ...(tracksTokens ? { prompt_tokens, completion_tokens } : {}),
        ...(tracksCost ? { cost_usd } : {}),
        ...(error && { code: error.code, param: error.param, error: describeError(error) }),
        ...refer(call),
      });
    },

    legFinished(leg) {
      const { call, outcome, error, firstTokenMs, content } = leg;
      const [severity, message] = LEG_LINES[outcome];
      log(severity, message, {
        function: call.functionName,
        request_id: call.requestId,
        provider: leg.provider,
        model: safeText(leg.model),
        leg: leg.position,
        sends: leg.sends,
        latency_seconds: toSeconds(leg.latencyMs),
        ...(firstTokenMs === undefined ? {} : { time_to_first_token_seconds: toSeconds(firstTokenMs) }),
        ...measured(leg),
        finish_reason: leg.finishReason,
        ...(error && { code: error.code, upstream_status: error.upstreamStatus, error: describeError(error) }),
        ...(content && toText(content)),
        ...refer(call),
      });
    },

    legRetried({ call, provider, model, code, attempt, delayMs }) {
      log('INFO', 'leg retried', {
        request_id: call.requestId,
        provider,
        model: safeText(model),
        code,
        attempt,
        delay_seconds: toSeconds(delayMs),
        ...refer(call),
      });
    },

    embeddingsCharged({ provider, model, tokens, costUsd, tenant, key }) {
      log('INFO', 'texts embedded', {
        provider,
        model: safeText(model),
        ...(tracksTokens ? { prompt_tokens: tokens } : {}),
        ...(tracksCost ? { cost_usd: costUsd } : {}),
        ...(tenant === null ? {} : { tenant }),
        key,
      });
    },

    circuitChanged({ provider, model, state }) {
      log(state === 'open' ? 'ERROR' : 'INFO', 'circuit', { provider, model: safeText(model), state });
    },

    requestBlocked({ reason, target }) {
      log('WARNING', 'request blocked', { reason, target });
    },

    costAlert({ day, thresholdUsd, costUsd }) {
      log('ERROR', 'cost alert', { day, threshold_usd: thresholdUsd, cost_usd: costUsd });
    },
  };
}

function toTraceName(project: string, traceId: string): string {
  return `projects/${project}/traces/${traceId}`;
}

function toText({ messages, answer }: LegContent): { readonly prompt: string; readonly answer: string } {
  const prompt = JSON.stringify(messages.map(({ role, content }) => ({ role, content })));
  return { prompt: prompt.slice(0, MAX_CONTENT_CHARACTERS), answer: answer.slice(0, MAX_CONTENT_CHARACTERS) };
}
