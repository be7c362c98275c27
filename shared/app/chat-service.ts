import type { AgentConfig, LegConfig, SluiceConfig } from '../config/types.ts';
import type { ChatCall, ChatEvent, ChatProvider, ChatRequest, ChatResult } from '../contracts/chat-provider.ts';
import type { Citation } from '../contracts/context-format.ts';
import type { UsageLedger } from '../contracts/usage-ledger.ts';
import type { AnswerFacts, AnswerFormat } from '../http/dialects/answer-format.ts';
import type { ChatBody } from '../http/schemas/chat-schema.ts';
import type { CascadeResult } from '../resilience/cascade.ts';
import { holdUntilOutput } from '../resilience/commit-point.ts';
import { createDeadline } from '../resilience/deadline.ts';
import type { Route } from '../routing/resolve-model.ts';
import { describeError, type Log } from '../telemetry/log.ts';
import { assertFunctionAllowed, assertModelAllowed, type Caller, tenantOf } from './caller.ts';
import { lastUserText, toChatRequest } from './chat-request.ts';
import type { ChatRetrieval } from './chat-retrieval.ts';
import type { CostMeter } from './cost-meter.ts';
import type { LegRunner } from './leg-runner.ts';
import { completeStructured } from './structured-output.ts';

export interface ChatInput {
  readonly body: ChatBody;
  /** The dialect the client speaks. */
  readonly format: AnswerFormat;
  readonly caller: Caller;
  readonly signal: AbortSignal;
  readonly requestId: string;
  /** The request's log line, to which the service adds what it learns. */
  readonly facts: Record<string, unknown>;
}

export interface ChatAnswer {
  readonly json: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ChatStream {
  readonly events: AsyncIterable<string>;
  /** Known once the first event is there. */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly toErrorPiece: AnswerFormat['toErrorPiece'];
}

export interface ChatService {
  complete(input: ChatInput): Promise<ChatAnswer>;
  stream(input: ChatInput): ChatStream;
}

export interface ChatServiceOptions {
  readonly config: SluiceConfig;
  readonly resolve: (model: string) => Route;
  readonly runLegs: LegRunner;
  readonly retrieval: ChatRetrieval;
  readonly ledger: UsageLedger;
  readonly meter: CostMeter;
  readonly log: Log;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
}

/** A request on its way: what every leg is given, and what came out of retrieval. */
interface Prepared {
  readonly route: Route;
  readonly request: ChatRequest;
  readonly tenant: string | null;
  readonly citations: readonly Citation[] | undefined;
}

/** Chat over the cascade: deadline, retrieval, then leg by leg until one answers, then the ledger. */
export function createChatService(options: ChatServiceOptions): ChatService {
  const { config, resolve, retrieval, runLegs, now = () => performance.now() } = options;
  const { requestTimeoutMs } = config.limits;

  const prepare = async ({ body, caller, facts }: ChatInput, signal: AbortSignal): Promise<Prepared> => {
    assertModelAllowed(caller, body.model);
    const route = resolve(body.model);
    const tenant = tenantOf(caller, body.sluice?.tenant);
    facts.agent = route.agent?.name;
    const wanted = body.sluice?.retrieval;
    if (!wanted) return { route, tenant, citations: undefined, request: toChatRequest(body, route.agent, undefined) };
    assertFunctionAllowed(caller, 'search', 'sluice.retrieval');
    const { message, citations } = await retrieval.find({
      query: lastUserText(body.messages),
      options: wanted === true ? {} : wanted,
      tenant,
      signal,
    });
    return { route, tenant, citations, request: toChatRequest(body, route.agent, message) };
  };

  const settle = async (
    input: ChatInput,
    prepared: Prepared,
    { leg, attempts }: CascadeResult<LegConfig, unknown>,
    outcome: { readonly usage: ChatResult['completion']['usage'] | undefined; readonly finish: string | undefined },
  ): Promise<AnswerFacts> => {
    const { costUsd, entry } = options.meter.measure(leg, outcome.usage);
    Object.assign(input.facts, {
      provider: leg.provider,
      model: leg.model,
      attempts: attempts.length,
      prompt_tokens: entry.promptTokens,
      completion_tokens: entry.completionTokens,
      cost_usd: costUsd,
      finish_reason: outcome.finish,
    });
    await record(options, input.caller, prepared.route.agent, prepared.tenant, entry);
    return {
      provider: leg.provider,
      model: leg.model,
      attempts,
      cost_usd: costUsd,
      cached: false,
      ...(prepared.citations === undefined ? {} : { citations: prepared.citations }),
    };
  };

  return {
    async complete(input) {
      const deadlineAtMs = now() + requestTimeoutMs;
      const deadline = createDeadline(input.signal, requestTimeoutMs, 'The request');
      try {
        const { signal } = deadline;
        const prepared = await prepare(input, signal);
        const { route, request } = prepared;
        const { requestId } = input;
        const done = await runLegs({ route, request, signal, requestId, deadlineAtMs, finish: completeStructured });
        const { completion } = done.result.result;
        const facts = await settle(input, prepared, done, {
          usage: completion.usage,
          finish: completion.choices[0]?.finish_reason,
        });
        return {
          json: input.format.toJson(done.result.result, facts),
          headers: answerHeaders(done.leg, done.result.dropped),
        };
      } finally {
        deadline.end();
      }
    },

    stream(input) {
      let headers: Readonly<Record<string, string>> = {};
      async function* events(): AsyncGenerator<string> {
        const deadlineAtMs = now() + requestTimeoutMs;
        const deadline = createDeadline(input.signal, requestTimeoutMs, 'The request');
        try {
          const { signal } = deadline;
          const prepared = await prepare(input, signal);
          const { route, request } = prepared;
          const { requestId } = input;
          const finish = async (chat: ChatProvider, call: ChatCall) => holdUntilOutput(await chat.stream(call));
          const done = await runLegs({ route, request, signal, requestId, deadlineAtMs, finish });
          deadline.disarm();
          headers = answerHeaders(done.leg, done.result.dropped);
          const watch = createStreamWatch();
          yield* input.format.toPieces(done.result.result, {
            onEvent: watch.see,
            settle: () => settle(input, prepared, done, watch.outcome()),
          });
        } finally {
          deadline.end();
        }
      }
      return { events: events(), headers: () => headers, toErrorPiece: input.format.toErrorPiece };
    },
  };
}

async function record(
  { ledger, log, config }: ChatServiceOptions,
  caller: Caller,
  agent: AgentConfig | undefined,
  tenant: string | null,
  entry: ReturnType<CostMeter['measure']>['entry'],
): Promise<void> {
  if (!config.observability.costTracking && !config.observability.trackTokens) return;
  try {
    await ledger.add({
      ...entry,
      tenant,
      ...(agent === undefined ? {} : { agent: agent.name }),
      ...(caller.key === undefined ? {} : { key: caller.key }),
    });
  } catch (error) {
    // The answer is there and paid for: a ledger that is down must not take it away.
    log('WARNING', 'usage not recorded', { error: describeError(error) });
  }
}

function createStreamWatch() {
  let usage: ChatResult['completion']['usage'] | undefined;
  let finish: string | undefined;
  return {
    see({ chunk }: ChatEvent): void {
      if (chunk.usage) usage = chunk.usage;
      finish = chunk.choices[0]?.finish_reason ?? finish;
    },
    outcome: () => ({ usage, finish }),
  };
}

function answerHeaders(leg: LegConfig, dropped: readonly string[]): Readonly<Record<string, string>> {
  return {
    'x-sluice-provider': leg.provider,
    // A header takes no other characters; model names of the guide's providers have none.
    'x-sluice-model': leg.model.replace(/[^\x20-\x7e]/g, '?'),
    ...(dropped.length > 0 ? { 'x-sluice-dropped-params': dropped.join(', ') } : {}),
  };
}
