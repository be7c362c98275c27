import type { Call } from './call.ts';
import { toSeconds } from './call.ts';
import { describeError, type Log, type Severity } from './log.ts';
import { safeText } from './safe-text.ts';
import type { LegContent, LegOutcome, TelemetrySink } from './telemetry.ts';

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

const TRACE = 'logging.googleapis.com/trace';
const SPAN = 'logging.googleapis.com/spanId';
const SAMPLED = 'logging.googleapis.com/trace_sampled';
const LABELS = 'logging.googleapis.com/labels';

/**
 * One line per call and one per leg, in the form of Cloud Logging
 * (https://cloud.google.com/logging/docs/structured-logging). Fields that are undefined are not in the line.
 */
export function createLogSink({ log, project, tracksTokens, tracksCost }: LogSinkOptions): TelemetrySink {
  const traceOf = ({ trace }: Call): string | undefined =>
    trace && (project === undefined ? trace.traceId : `projects/${project}/traces/${trace.traceId}`);

  return {
    callFinished({ call, method, route, status, latencyMs, error }) {
      if (status === 200 && QUIET_ROUTES.has(route)) return;
      const { facts, trace } = call;
      // An answer for several documents is none of an error, even when all of them failed.
      const severity = status >= 500 ? 'ERROR' : facts.failures === undefined ? 'INFO' : 'WARNING';
      log(severity, `${method} ${route} ${status}`, {
        function: call.functionName,
        request_id: call.requestId,
        status,
        latency_seconds: toSeconds(latencyMs),
        ...facts,
        model: facts.model && safeText(facts.model),
        prompt_tokens: tracksTokens ? facts.prompt_tokens : undefined,
        completion_tokens: tracksTokens ? facts.completion_tokens : undefined,
        cost_usd: tracksCost ? facts.cost_usd : undefined,
        code: error?.code,
        param: error?.param,
        error: error && describeError(error),
        [TRACE]: traceOf(call),
        [SPAN]: trace && (trace.spanId ?? trace.parentSpanId),
        [SAMPLED]: trace?.sampled,
        [LABELS]: labelsOf(call),
      });
    },

    legFinished(leg) {
      const { call, outcome, error, firstTokenMs, content } = leg;
      const { trace } = call;
      const [severity, message] = LEG_LINES[outcome];
      log(severity, message, {
        function: call.functionName,
        request_id: call.requestId,
        provider: leg.provider,
        model: safeText(leg.model),
        leg: leg.position,
        sends: leg.sends,
        latency_seconds: toSeconds(leg.latencyMs),
        time_to_first_token_seconds: firstTokenMs === undefined ? undefined : toSeconds(firstTokenMs),
        prompt_tokens: tracksTokens ? leg.promptTokens : undefined,
        completion_tokens: tracksTokens ? leg.completionTokens : undefined,
        cost_usd: tracksCost ? leg.costUsd : undefined,
        finish_reason: leg.finishReason,
        code: error?.code,
        upstream_status: error?.upstreamStatus,
        error: error && describeError(error),
        prompt: content && toPrompt(content),
        answer: content?.answer.slice(0, MAX_CONTENT_CHARACTERS),
        [TRACE]: traceOf(call),
        [SPAN]: trace && (trace.spanId ?? trace.parentSpanId),
        [SAMPLED]: trace?.sampled,
        [LABELS]: labelsOf(call),
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
        [TRACE]: traceOf(call),
        [LABELS]: labelsOf(call),
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

function labelsOf({ functionName, facts: { agent, tenant, key } }: Call) {
  return { function: functionName, agent, tenant: tenant ?? undefined, key };
}

function toPrompt({ messages }: LegContent): string {
  return JSON.stringify(messages.map(({ role, content }) => ({ role, content }))).slice(0, MAX_CONTENT_CHARACTERS);
}
