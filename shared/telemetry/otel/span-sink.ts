import { type Call, elapsedMs, toSeconds } from '../call.ts';
import { safeText } from '../safe-text.ts';
import type { LegContent, LegFinished, TelemetrySink } from '../telemetry.ts';
import { newSpanId } from '../trace-context.ts';
import { GEN_AI, toProviderName } from './gen-ai-names.ts';
import { type Attributes, type Span, type SpanParent, toParent } from './span.ts';

export interface SpanSinkOptions {
  readonly add: (span: Span) => void;
  /** The call whose work is under way. */
  readonly currentCall: () => Call | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const MAX_CONTENT_CHARACTERS = 32_000;

/**
 * Spans of a request: the call itself, below it each leg, each request to an embedding model, each query of the vector
 * store and each tool. They are made when what they are about is over, so that nothing is kept meanwhile.
 */
export function createSpanSink({ add, currentCall, now }: SpanSinkOptions): TelemetrySink {
  const addBelow = (
    parent: SpanParent | undefined,
    span: Pick<Span, 'name' | 'kind' | 'attributes' | 'error'>,
    latencyMs: number,
  ): void => {
    if (parent === undefined) return;
    const endMs = now();
    const { traceId, spanId: parentSpanId } = parent;
    add({ ...span, traceId, spanId: newSpanId(), parentSpanId, startMs: endMs - latencyMs, endMs });
  };
  const here = (): SpanParent | undefined => toParent(currentCall()?.trace);

  return {
    callFinished({ call, method, route, status, latencyMs, error }) {
      const own = toParent(call.trace);
      if (own === undefined) return;
      const { facts } = call;
      const endMs = now();
      add({
        ...own,
        parentSpanId: call.trace?.parentSpanId,
        name: `${method} ${route}`,
        kind: 'server',
        startMs: endMs - latencyMs,
        endMs,
        attributes: {
          'http.request.method': method,
          'http.route': route,
          'http.response.status_code': status,
          'error.type': error?.code,
          [GEN_AI.agent]: facts.agent,
          'sluice.function': call.functionName,
          'sluice.request_id': call.requestId,
          'sluice.tenant': facts.tenant ?? undefined,
          'sluice.key': facts.key,
          'sluice.attempts': facts.attempts,
          'sluice.cache': facts.cache,
          'sluice.cost_usd': facts.cost_usd ?? undefined,
        },
        // What a caller did wrong is no error of the server.
        error: status >= 500 ? (error?.code ?? String(status)) : undefined,
      });
    },

    documentIngested({ via, outcome }) {
      const call = currentCall();
      const own = toParent(call?.trace);
      // Documents that were sent are told by the span of their request.
      if (via !== 'event' || call === undefined || own === undefined) return;
      const endMs = now();
      add({
        ...own,
        parentSpanId: call.trace?.parentSpanId,
        name: 'ingest document',
        kind: 'server',
        startMs: endMs - elapsedMs(call),
        endMs,
        attributes: { 'sluice.function': call.functionName, 'sluice.outcome': outcome },
      });
    },

    legFinished(leg) {
      const span = { name: `chat ${safeText(leg.model)}`, kind: 'client', attributes: toLegAttributes(leg) } as const;
      addBelow(toParent(leg.call.trace), { ...span, error: leg.error?.code }, leg.latencyMs);
    },

    textsEmbedded({ provider, model, texts, tokens, latencyMs, error }) {
      const attributes = {
        [GEN_AI.operation]: 'embeddings',
        [GEN_AI.provider]: toProviderName(provider),
        [GEN_AI.requestModel]: safeText(model),
        [GEN_AI.inputTokens]: tokens,
        'sluice.texts': texts,
        'error.type': error?.code,
      };
      addBelow(
        here(),
        { name: `embeddings ${safeText(model)}`, kind: 'client', attributes, error: error?.code },
        latencyMs,
      );
    },

    storeSearched({ store, collection, results, latencyMs, error }) {
      const attributes = {
        [GEN_AI.operation]: 'retrieval',
        [GEN_AI.dataSource]: collection,
        'db.system.name': store,
        'db.response.returned_rows': results,
        'error.type': error?.code,
      };
      addBelow(here(), { name: `retrieval ${collection}`, kind: 'client', attributes, error: error?.code }, latencyMs);
    },

    toolFinished({ tool, latencyMs, error }) {
      const attributes = {
        [GEN_AI.operation]: 'execute_tool',
        [GEN_AI.tool]: tool,
        [GEN_AI.toolType]: 'function',
        'error.type': error?.code,
      };
      addBelow(here(), { name: `execute_tool ${tool}`, kind: 'internal', attributes, error: error?.code }, latencyMs);
    },
  };
}

function toLegAttributes(leg: LegFinished): Attributes {
  const { finishReason, firstTokenMs, content } = leg;
  return {
    [GEN_AI.operation]: 'chat',
    [GEN_AI.provider]: toProviderName(leg.provider),
    [GEN_AI.requestModel]: safeText(leg.model),
    [GEN_AI.stream]: leg.streamed,
    [GEN_AI.responseModel]: leg.responseModel === undefined ? undefined : safeText(leg.responseModel),
    [GEN_AI.finishReasons]: finishReason === undefined ? undefined : [finishReason],
    [GEN_AI.firstChunk]: firstTokenMs === undefined ? undefined : toSeconds(firstTokenMs),
    [GEN_AI.inputTokens]: leg.promptTokens,
    [GEN_AI.outputTokens]: leg.completionTokens,
    [GEN_AI.cachedTokens]: leg.cachedTokens,
    [GEN_AI.agent]: leg.call.facts.agent,
    'error.type': leg.error?.code,
    'sluice.leg': leg.position,
    'sluice.sends': leg.sends,
    'sluice.cost_usd': leg.costUsd ?? undefined,
    ...(content && toMessages(content)),
  };
}

/** In the form of the conventions: messages of parts, as JSON text. */
function toMessages({ messages, answer }: LegContent): Attributes {
  const part = (content: unknown) => ({
    type: 'text',
    content: typeof content === 'string' ? content : JSON.stringify(content ?? ''),
  });
  const input = messages.map(({ role, content }) => ({ role, parts: [part(content)] }));
  return {
    [GEN_AI.inputMessages]: JSON.stringify(input).slice(0, MAX_CONTENT_CHARACTERS),
    [GEN_AI.outputMessages]: JSON.stringify([{ role: 'assistant', parts: [part(answer)] }]).slice(
      0,
      MAX_CONTENT_CHARACTERS,
    ),
  };
}
