import { logDelay, logDocument } from '../../functions/event-log.ts';
import { AppError } from '../../shared/contracts/app-error.ts';
import type { Call, CallFacts } from '../../shared/telemetry/call.ts';
import type { Log } from '../../shared/telemetry/log.ts';
import type { LegFinished, Telemetry } from '../../shared/telemetry/telemetry.ts';

/** A chat whose first leg failed and whose second one answered, streamed. */
function sampleCall(facts: CallFacts = {}): Call {
  return {
    requestId: '0f8fad5b-d9cb-469f-a165-70867728950e',
    functionName: 'chat',
    trace: { traceId: '06796866738c859f2f19b7cfb3214824', parentSpanId: '00f067aa0ba902b7', sampled: true },
    startedAtMs: performance.now(),
    facts: { agent: 'assistant', tenant: 'acme', key: 'web', ...facts },
  };
}

const target = { provider: 'openai', model: 'gpt-4o-mini' };
const error = new AppError('server_error', 'The provider failed.', { upstreamStatus: 503 });

function sampleLeg(fields: Partial<LegFinished> = {}): LegFinished {
  return {
    call: sampleCall(),
    ...target,
    outcome: 'answered',
    isSent: true,
    latencyMs: 1_250,
    firstTokenMs: 300,
    position: 2,
    sends: 1,
    streamed: true,
    promptTokens: 120,
    completionTokens: 48,
    costUsd: 0.0000468,
    finishReason: 'stop',
    responseModel: 'gpt-4o-mini-2024-07-18',
    ...fields,
  };
}

/** Tells everything that can be told, once at least. */
export function tellEverything(telemetry: Telemetry): void {
  const call = sampleCall({
    ...target,
    attempts: 2,
    prompt_tokens: 120,
    completion_tokens: 48,
    cost_usd: 0.0000468,
    finish_reason: 'stop',
    cache: 'miss',
    streamed: true,
    time_to_first_token_seconds: 0.7,
  });
  const finished = { call, method: 'POST', route: '/v1/chat/completions', latencyMs: 1_700 };
  telemetry.streamsChanged(1);
  telemetry.legRetried({ call, ...target, code: 'rate_limit', attempt: 1, delayMs: 250 });
  telemetry.legFinished(sampleLeg({ outcome: 'failed', position: 1, error }));
  telemetry.legFinished(sampleLeg());
  telemetry.legFinished(sampleLeg({ outcome: 'broken', error }));
  telemetry.legFinished(sampleLeg({ outcome: 'cancelled', error: new AppError('cancelled', 'The client left.') }));
  telemetry.streamsChanged(-1);
  telemetry.callFinished({ ...finished, status: 200 });
  telemetry.callFinished({ ...finished, call: sampleCall({ cache: 'hit' }), status: 200 });
  telemetry.callFinished({ ...finished, call: sampleCall({ attempts: 2, exhausted: true }), status: 503, error });
  telemetry.callFinished({ ...finished, route: '/v1/documents', call: sampleCall({ failed: 1 }), status: 207 });
  telemetry.circuitChanged({ ...target, state: 'open' });
  telemetry.circuitChanged({ ...target, state: 'half_open' });
  telemetry.requestBlocked({ reason: 'private', target: 'ollama' });
  telemetry.documentIngested({ via: 'event', outcome: 'ready', lagMs: 900 });
  telemetry.textsEmbedded({ ...target, texts: 3, tokens: 30, latencyMs: 80 });
  telemetry.textsEmbedded({ ...target, texts: 3, latencyMs: 80, error });
  telemetry.embeddingsCharged({ ...target, tokens: 30, costUsd: 0.0000006, tenant: 'acme', key: 'web' });
  telemetry.embeddingsCharged({ ...target, tokens: 30, costUsd: null, tenant: null, key: undefined });
  telemetry.storeSearched({ store: 'firestore', collection: 'default', results: 8, latencyMs: 40 });
  telemetry.storeSearched({ store: 'firestore', collection: 'default', results: 0, latencyMs: 40, error });
  telemetry.toolFinished({ tool: 'search', latencyMs: 50 });
  telemetry.costAlert({ day: '2026-11-28', thresholdUsd: 100, costUsd: 100.5 });
}

/** The lines of the function that events call. */
export function logDocuments(log: Log): void {
  const facts = { event_id: 'e1', document: 'handbook', lag_seconds: 0.9 };
  logDocument(log, 'ingest-on-write', { status: 'ready', facts });
  logDocument(log, 'ingest-on-write', { status: 'failed', facts: { ...facts, code: 'unsupported' } });
  logDocument(log, 'ingest-on-write', { status: 'dead_letter', facts: { ...facts, code: 'timeout' } });
  logDelay(log, 'ingest-on-write', error);
}
