import type { SluiceConfig } from '../../config/types.ts';
import { AppError } from '../../contracts/app-error.ts';
import type { ChatRequest } from '../../contracts/chat-provider.ts';
import type { Citation } from '../../contracts/context-format.ts';
import type { AnswerFormat } from '../../http/dialects/answer-format.ts';
import type { ChatBody } from '../../http/schemas/chat-schema.ts';
import type { Route } from '../../routing/resolve-model.ts';
import { routeModel, toRoutingFacts } from '../../routing/routing-rules.ts';
import type { Call } from '../../telemetry/call.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { Budget } from '../../usage/budget.ts';
import type { ModelCatalogue } from '../../usage/catalogue.ts';
import type { CostMeter } from '../accounting/cost-meter.ts';
import type { AnswerCache, CacheTicket } from '../cache/answer-cache.ts';
import { assertFunctionAllowed, assertModelAllowed, budgetScopeOf, type Caller, tenantOf } from '../caller.ts';
import { embedsLocally } from '../embeddings/local-embeddings.ts';
import type { Lazy } from '../lazy.ts';
import type { LegRunner } from '../legs/leg-run.ts';
import type { ReactAgents } from '../react/react-agents.ts';
import type { ReactLoop } from '../react/react-types.ts';
import { takesTurns } from '../react/takes-turns.ts';
import { lastUserText, toChatRequest } from './chat-request.ts';
import type { ChatRetrieval } from './chat-retrieval.ts';
import { type ContextFit, createContextFit } from './context-fit.ts';
import { createModelTurns, type ModelTurns } from './model-turns.ts';
import { createQueryModel } from './query-model.ts';
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

export interface PreparationOptions {
  readonly config: SluiceConfig;
  readonly resolve: (model: string) => Route;
  readonly runLegs: LegRunner;
  readonly retrieval: ChatRetrieval;
  readonly reactAgents: Lazy<ReactAgents>;
  /** Absent when answers are not cached. */
  readonly answerCache?: AnswerCache;
  readonly budget: Budget;
  readonly meter: CostMeter;
  readonly catalogue: Pick<ModelCatalogue, 'find'>;
  readonly log: Log;
  readonly telemetry: Pick<Telemetry, 'legFinished' | 'streamsChanged'>;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
}

/** A request on its way: what every leg is given, and what came out of retrieval. */
export interface PreparedChat {
  readonly route: Route;
  readonly request: ChatRequest;
  readonly tenant: string | null;
  /** Of all that was found. */
  readonly citations: readonly Citation[] | undefined;
  readonly context: ContextFit | undefined;
  readonly tally: RequestTally;
  readonly turns: ModelTurns;
  /** Set for agents that work in turns. */
  readonly react: ReactLoop | undefined;
  readonly ticket: CacheTicket | undefined;
}

/** @throws AppError for what this caller must not ask for, and what retrieval throws. */
export type PrepareChat = (input: ChatInput, signal: AbortSignal) => Promise<PreparedChat>;

/** What comes before the first leg: routing, what the caller may do, retrieval, and the place in the cache. */
export function createChatPreparation(options: PreparationOptions): PrepareChat {
  const { config, now = () => performance.now() } = options;

  const retrieve = async (
    { body, caller }: ChatInput,
    { tenant, turns, route }: Pick<PreparedChat, 'tenant' | 'turns' | 'route'>,
    signal: AbortSignal,
  ) => {
    const wanted = body.sluice?.retrieval;
    if (!wanted) return undefined;
    assertFunctionAllowed(caller, 'search', 'sluice.retrieval');
    if (route.agent?.localOnly === true) assertLocalEmbeddings(config);
    return await options.retrieval.find({
      query: lastUserText(body.messages),
      messages: body.messages,
      complete: createQueryModel(turns, body.model),
      options: wanted === true ? {} : wanted,
      caller,
      tenant,
      signal,
    });
  };

  return async (input, signal) => {
    const deadlineAtMs = now() + config.limits.requestTimeoutMs;
    const { body, caller, call } = input;
    const route = options.resolve(chooseModel(config, input));
    const tenant = tenantOf(caller, body.sluice?.tenant);
    const agent = route.agent?.name;
    Object.assign(call.facts, { agent, tenant, streamed: body.stream === true });
    const tally = createRequestTally({ ...options, now, caller, tenant, agent });
    const turnsOptions = {
      ...options,
      scope: budgetScopeOf(caller),
      tally,
      route,
      call,
      keepsContent: config.observability.logContent,
      deadlineAtMs,
    };
    // Retrieval may have the agent's model rewrite the question, before there are passages to give it.
    const found = await retrieve(input, { tenant, turns: createModelTurns(turnsOptions), route }, signal);
    const citations = found?.citations;
    const context = found && createContextFit({ ...options, ...route, context: found });
    const turns = createModelTurns({ ...turnsOptions, context });
    const request = toChatRequest(body, route.agent, found?.message);
    const firstCitation = citations?.length ?? 0;
    const wanted = body.sluice?.retrieval;
    const withContent = typeof wanted === 'object' && wanted.include_content === true;
    const react =
      route.agent && takesTurns(route.agent)
        ? (await options.reactAgents.get()).loopFor(route.agent, { caller, tenant, firstCitation, withContent })
        : undefined;
    const ticket = react
      ? undefined
      : options.answerCache?.ticketFor({ route, request, tenant }, { enabled: body.sluice?.cache });
    return { route, request, tenant, citations, context, tally, turns, react, ticket };
  };
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
