import type { SluiceConfig } from '../config/types.ts';
import { AppError, toAppError } from '../contracts/app-error.ts';
import type { ChatBatch, ChatRequest, ChatResult } from '../contracts/chat-provider.ts';
import type { Citation } from '../contracts/context-format.ts';
import type { AnswerFacts, AnswerFormat } from '../http/dialects/answer-format.ts';
import type { ChatBody } from '../http/schemas/chat-schema.ts';
import { createDeadline, type Deadline } from '../resilience/deadline.ts';
import type { Route } from '../routing/resolve-model.ts';
import { routeModel, toRoutingFacts } from '../routing/routing-rules.ts';
import { type Call, type CallFacts, elapsedMs, toSeconds } from '../telemetry/call.ts';
import type { Log } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Budget } from '../usage/budget.ts';
import type { AnswerCache, CacheTicket } from './cache/answer-cache.ts';
import { replayAnswer } from './cache/replay.ts';
import type { StoredAnswer } from './cache/stored-answer.ts';
import { assertFunctionAllowed, assertModelAllowed, budgetScopeOf, type Caller, tenantOf } from './caller.ts';
import { lastUserText, toChatRequest } from './chat-request.ts';
import type { ChatRetrieval } from './chat-retrieval.ts';
import type { CostMeter } from './cost-meter.ts';
import type { Lazy } from './lazy.ts';
import type { LegRunner } from './leg-runner.ts';
import { embedsLocally } from './local-embeddings.ts';
import { createModelTurns, type ModelTurns, type StreamedTurn } from './model-turns.ts';
import { noInformationAnswer } from './no-information.ts';
import { openWhenRead } from './open-when-read.ts';
import { createQueryModel } from './query-model.ts';
import type { ReactAgents } from './react/react-agents.ts';
import type { ReactLoop, ReactReport } from './react/react-types.ts';
import { takesTurns } from './react/takes-turns.ts';
import { createRequestTally, type RequestTally } from './request-tally.ts';

export interface ChatInput {
  readonly body: ChatBody;
  /** The dialect the client speaks. */
  readonly format: AnswerFormat;
  readonly caller: Caller;
  readonly signal: AbortSignal;
  readonly call: Call;
  /** A header of the HTTP request by its lower-case name; routing rules look at where it comes from. */
  readonly header: (name: string) => string | undefined;
}

export interface ChatAnswer {
  readonly json: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ChatStream {
  readonly events: AsyncIterable<string | Uint8Array>;
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
  readonly reactAgents: Lazy<ReactAgents>;
  /** Absent when answers are not cached. */
  readonly answers?: AnswerCache;
  readonly budget: Budget;
  readonly meter: CostMeter;
  readonly log: Log;
  readonly telemetry: Pick<Telemetry, 'legFinished' | 'streamsChanged'>;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
}

/** A request on its way: what every leg is given, and what came out of retrieval. */
interface Prepared {
  readonly route: Route;
  readonly request: ChatRequest;
  readonly tenant: string | null;
  readonly citations: readonly Citation[] | undefined;
  readonly tally: RequestTally;
  readonly turns: ModelTurns;
  /** Set for agents that work in turns. */
  readonly react: ReactLoop | undefined;
  readonly ticket: CacheTicket | undefined;
}

/** Who answered, for the headers and the facts. */
interface Answerer {
  readonly provider: string;
  readonly model: string;
  readonly dropped: readonly string[];
}

/** An answer, however it was come by. */
interface Outcome {
  readonly result: ChatResult;
  readonly by: Answerer;
  readonly cached: boolean;
  readonly report?: ReactReport;
}

/** Chat over the cascade: deadline, routing, retrieval, cache, then turn by turn budget → legs → ledger. */
export function createChatService(options: ChatServiceOptions): ChatService {
  const { config, now = () => performance.now() } = options;
  const { requestTimeoutMs } = config.limits;

  const prepare = async (input: ChatInput, signal: AbortSignal): Promise<Prepared> => {
    const deadlineAtMs = now() + requestTimeoutMs;
    const { body, caller, call } = input;
    const route = options.resolve(chooseModel(config, input));
    const tenant = tenantOf(caller, body.sluice?.tenant);
    const agent = route.agent?.name;
    Object.assign(call.facts, { agent, tenant, streamed: body.stream === true });
    const tally = createRequestTally({ ...options, now, caller, tenant, agent });
    const turns = createModelTurns({
      ...options,
      scope: budgetScopeOf(caller),
      tally,
      route,
      call,
      keepsContent: config.observability.logContent,
      deadlineAtMs,
    });
    const { message, citations } = await retrieve(input, {
      tenant,
      turns,
      localOnly: route.agent?.localOnly === true,
      signal,
    });
    const request = toChatRequest(body, route.agent, message);
    const firstCitation = citations?.length ?? 0;
    const wanted = body.sluice?.retrieval;
    const withContent = typeof wanted === 'object' && wanted.include_content === true;
    const react =
      route.agent && takesTurns(route.agent)
        ? (await options.reactAgents.get()).loopFor(route.agent, { caller, tenant, firstCitation, withContent })
        : undefined;
    const ticket = react
      ? undefined
      : options.answers?.ticketFor({ route, request, tenant }, { enabled: body.sluice?.cache });
    return { route, request, tenant, citations, tally, turns, react, ticket };
  };

  const retrieve = async (
    { body, caller }: ChatInput,
    {
      tenant,
      turns,
      localOnly,
      signal,
    }: Pick<Prepared, 'tenant' | 'turns'> & { readonly localOnly: boolean; readonly signal: AbortSignal },
  ) => {
    const wanted = body.sluice?.retrieval;
    if (!wanted) return { message: undefined, citations: undefined };
    assertFunctionAllowed(caller, 'search', 'sluice.retrieval');
    if (localOnly) assertLocalEmbeddings(config);
    const query = lastUserText(body.messages);
    return await options.retrieval.find({
      query,
      messages: body.messages,
      complete: createQueryModel(turns, body.model),
      options: wanted === true ? {} : wanted,
      caller,
      tenant,
      signal,
    });
  };

  /** Nothing was found, and the configuration wants no model asked without it. */
  const withoutModel = ({ route, citations, react }: Prepared): Outcome | undefined => {
    if (citations?.length !== 0 || react || config.retrieval.answerWithoutContext) return undefined;
    const [leg] = route.legs;
    const by = { provider: leg?.provider ?? 'local', model: leg?.model ?? '', dropped: [] };
    return { result: { completion: noInformationAnswer(by.model) }, by, cached: false };
  };

  const ask = async (prepared: Prepared, signal: AbortSignal): Promise<Outcome> => {
    const ready = withoutModel(prepared);
    if (ready) return ready;
    const { ticket, turns, react, request } = prepared;
    if (react) {
      let by: Answerer | undefined;
      const turn = async (asked: ChatRequest, turnSignal: AbortSignal) => {
        const done = await turns.complete(asked, turnSignal);
        by = { ...done.leg, dropped: done.result.dropped };
        return done.result.result;
      };
      const { result, report } = await react.complete({ request, signal, turn });
      return { result, by: by as unknown as Answerer, cached: false, report };
    }
    const produce = (producing: AbortSignal) => turns.complete(request, producing);
    const outcome = await (ticket && options.answers
      ? options.answers.run({ ticket, signal, produce })
      : produce(signal).then((produced) => ({ produced })));
    if ('answer' in outcome) return fromStored(outcome.answer);
    const { leg, result } = outcome.produced;
    // Made for an equal request whose caller left: it is in that one's account.
    const isForAnother = prepared.tally.summary().attempts.length === 0;
    return { result: result.result, by: { ...leg, dropped: result.dropped }, cached: isForAnother };
  };

  const toFacts = (
    { call }: ChatInput,
    { tally, citations, ticket }: Prepared,
    { by, cached, report }: Omit<Outcome, 'result'>,
    finishReason: string | undefined,
  ): AnswerFacts => {
    const { attempts, costUsd, promptTokens, completionTokens } = tally.summary();
    const { provider, model } = by;
    Object.assign(call.facts, {
      provider,
      model,
      attempts: attempts.length,
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      cost_usd: costUsd,
      cache: cached ? 'hit' : ticket ? 'miss' : 'off',
      finish_reason: finishReason,
      ...(report === undefined ? {} : { steps: report.steps.length }),
    } satisfies CallFacts);
    const cited = [...(citations ?? []), ...(report?.citations ?? [])];
    return {
      provider,
      model,
      attempts,
      cost_usd: costUsd,
      cached,
      ...(citations === undefined && cited.length === 0 ? {} : { citations: cited }),
      ...(report === undefined ? {} : { steps: report.steps }),
    };
  };

  return {
    async complete(input) {
      const deadline = createDeadline(input.signal, requestTimeoutMs, 'The request');
      try {
        const prepared = await prepare(input, deadline.signal);
        const outcome = await ask(prepared, deadline.signal);
        const finish = outcome.result.completion.choices[0]?.finish_reason;
        return {
          json: input.format.toJson(outcome.result, toFacts(input, prepared, outcome, finish)),
          headers: answerHeaders(outcome.by),
        };
      } finally {
        deadline.end();
      }
    },

    stream(input) {
      let headers: Readonly<Record<string, string>> = {};
      let deadline: Deadline | undefined;
      let current: StreamedTurn | undefined;
      let isStreaming = false;

      const open = async (): Promise<AsyncIterable<string | Uint8Array>> => {
        deadline = createDeadline(input.signal, requestTimeoutMs, 'The request');
        const prepared = await prepare(input, deadline.signal);
        const { ticket } = prepared;
        const stored = ticket && (await options.answers?.find(ticket, deadline.signal));
        const ready = stored ? fromStored(stored) : withoutModel(prepared);
        return ready ? replay(prepared, ready) : await live(prepared, deadline);
      };

      const replay = (prepared: Prepared, { result, ...outcome }: Outcome): AsyncIterable<string | Uint8Array> => {
        headers = answerHeaders(outcome.by);
        const finish = result.completion.choices[0]?.finish_reason;
        return input.format.toPieces(replayAnswer(result.completion), {
          onEvent: () => {},
          settle: async () => toFacts(input, prepared, outcome, finish),
        });
      };

      const live = async (
        prepared: Prepared,
        { signal, disarm }: Deadline,
      ): Promise<AsyncIterable<string | Uint8Array>> => {
        const { turns, react, request } = prepared;
        const turn = async (asked: ChatRequest, turnSignal: AbortSignal) => {
          current = await turns.stream(asked, turnSignal);
          return current;
        };
        const { batches, report } = react
          ? await react
              .stream({ request, signal, turn: async (...given) => watched(await turn(...given)) })
              .then((running) => ({ batches: running.events, report: running.report }))
          : await turn(request, signal).then((running) => ({
              batches: running.turn.result.result,
              report: undefined,
            }));
        disarm();
        isStreaming = true;
        options.telemetry.streamsChanged(1);
        input.call.facts.time_to_first_token_seconds = toSeconds(elapsedMs(input.call));
        const { turn: first, watch } = current as unknown as StreamedTurn;
        const by = { ...first.leg, dropped: first.result.dropped };
        headers = answerHeaders(by);
        return input.format.toPieces(batches, {
          onEvent: react ? () => {} : watch.see,
          settle: async () => {
            const last = current as unknown as StreamedTurn;
            await last.settle();
            const outcome = {
              by: { ...by, ...last.turn.leg },
              cached: false,
              ...(report ? { report: report() } : {}),
            };
            return toFacts(input, prepared, outcome, last.watch.finishReason());
          },
        });
      };

      const close = async (error?: unknown): Promise<void> => {
        if (error !== undefined) current?.broke(toAppError(error, deadline?.signal));
        if (isStreaming) options.telemetry.streamsChanged(-1);
        try {
          // A stream that broke off, or that nobody wanted to the end, has been paid for so far.
          await current?.settle();
        } finally {
          deadline?.end();
        }
      };

      return { events: openWhenRead(open, close), headers: () => headers, toErrorPiece: input.format.toErrorPiece };
    },
  };
}

/** A turn's own stream, counted when it ends: several follow each other in one answer. */
async function* watched({ turn, watch, settle }: StreamedTurn): AsyncGenerator<ChatBatch> {
  try {
    for await (const batch of turn.result.result) {
      for (const item of batch) watch.see(item);
      yield batch;
    }
  } finally {
    await settle();
  }
}

/** The agent that the routing rules choose, else what was asked for; the caller must be allowed to use both. */
function chooseModel(config: SluiceConfig, { body, caller, header }: ChatInput): string {
  assertModelAllowed(caller, body.model);
  const facts = () => toRoutingFacts(body as unknown as ChatRequest, header);
  const routed = routeModel({ config, model: body.model, facts });
  if (routed !== body.model) assertModelAllowed(caller, routed);
  return routed;
}

/** @throws AppError `unsupported`: a question to a private agent is not to be embedded by a vendor. */
function assertLocalEmbeddings(config: SluiceConfig): void {
  if (embedsLocally(config)) return;
  throw new AppError('unsupported', 'This agent keeps to local models, and the embeddings of this service do not.', {
    param: 'sluice.retrieval',
  });
}

function fromStored({ provider, model, dropped, completion }: StoredAnswer): Outcome {
  return { result: { completion }, by: { provider, model, dropped }, cached: true };
}

function answerHeaders({ provider, model, dropped }: Answerer): Readonly<Record<string, string>> {
  return {
    'x-sluice-provider': provider,
    // A header takes no other characters; model names of the guide's providers have none.
    'x-sluice-model': model.replace(/[^\x20-\x7e]/g, '?'),
    ...(dropped.length === 0 ? {} : { 'x-sluice-dropped-params': dropped.join(', ') }),
  };
}
