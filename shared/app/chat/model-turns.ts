import type { LegConfig } from '../../config/types.ts';
import { AppError } from '../../contracts/app-error.ts';
import type { ChatBatch, ChatRequest, ChatResult } from '../../contracts/chat-provider.ts';
import type { CascadeResult } from '../../resilience/cascade.ts';
import { holdUntilOutput } from '../../resilience/commit-point.ts';
import { measurePrompt } from '../../routing/prompt-size.ts';
import type { Route } from '../../routing/resolve-model.ts';
import type { Call } from '../../telemetry/call.ts';
import type { Budget, BudgetScope } from '../../usage/budget.ts';
import { countAnswerCharacters, countPromptCharacters } from '../../usage/characters.ts';
import type { CostMeter } from '../accounting/cost-meter.ts';
import type { Called, LegRun, LegRunner } from '../legs/leg-run.ts';
import type { ContextFit } from './context-fit.ts';
import type { Consumption, RequestTally } from './request-tally.ts';
import { createStreamWatch, type StreamWatch } from './stream-watch.ts';
import { completeStructured } from './structured-output.ts';

type Batches = AsyncIterable<ChatBatch>;
export type CompletedTurn = CascadeResult<LegConfig, Called<ChatResult>>;

export interface ModelTurnsOptions {
  readonly runLegs: LegRunner;
  readonly meter: CostMeter;
  readonly budget: Budget;
  readonly scope: BudgetScope;
  readonly tally: RequestTally;
  readonly route: Route;
  readonly call: Call;
  /** Keep prompts and answers for the log. */
  readonly keepsContent: boolean;
  readonly deadlineAtMs: number;
  /** Retrieved passages, of which each leg is sent as many as it has room for. */
  readonly context?: Pick<ContextFit, 'requestFor'> | undefined;
}

/** One model turn: budget, then the legs of the route, then the tally. An agent may take several for one request. */
export interface ModelTurns {
  complete(request: ChatRequest, signal: AbortSignal): Promise<CompletedTurn>;
  /** Resolves at the commit point. The turn is counted when its stream has ended, however it ends. */
  stream(request: ChatRequest, signal: AbortSignal): Promise<StreamedTurn>;
}

export interface StreamedTurn {
  readonly turn: CascadeResult<LegConfig, Called<Batches>>;
  readonly watch: StreamWatch;
  /** Tells that the stream broke off. */
  broke(error: AppError): void;
  /** Counts the turn, once. Without usage of the upstream's own, what was sent by then is estimated. */
  settle(): Promise<void>;
}

export function createModelTurns(options: ModelTurnsOptions): ModelTurns {
  const { runLegs, meter, budget, scope, tally, route, call, keepsContent, deadlineAtMs, context } = options;

  /** Budget and legs of one turn; `sent` is the request as the leg that answered was sent it. */
  const ask = async <Result>(
    request: ChatRequest,
    { streamed, finish, signal }: Pick<LegRun<Result>, 'streamed' | 'finish' | 'signal'>,
  ) => {
    await budget.check(scope);
    const requestFor = (leg: LegConfig): ChatRequest => context?.requestFor(request, leg) ?? request;
    const answered = await runLegs<Result>({
      route,
      request,
      requestFor,
      signal,
      call,
      streamed,
      deadlineAtMs,
      finish,
      onFailure: tally.failed,
      onAbandoned: (leg, account) => tally.abandoned(leg, account, measurePrompt(requestFor(leg)).tokens),
    });
    return { answered, sent: requestFor(answered.leg) };
  };

  return {
    async complete(request, signal) {
      const { answered, sent } = await ask(request, { streamed: false, finish: completeStructured, signal });
      const { completion } = answered.result.result;
      await tally.answered(answered, {
        usage: completion.usage,
        finishReason: completion.choices[0]?.finish_reason,
        responseModel: completion.model,
        ...(keepsContent
          ? { content: { messages: sent.messages, answer: completion.choices[0]?.message.content ?? '' } }
          : {}),
        ...(meter.billsCharacters(answered.leg)
          ? { characters: { input: countPromptCharacters(sent), output: countAnswerCharacters(completion.choices) } }
          : {}),
      });
      return answered;
    },

    async stream(request, signal) {
      const { answered: turn, sent } = await ask(request, {
        streamed: true,
        finish: async (chat, asked) => holdUntilOutput(await chat.stream(asked)),
        signal,
      });
      const bills = meter.billsCharacters(turn.leg);
      const watch = createStreamWatch({ bills, keepsText: keepsContent });
      const characters = () => ({ input: countPromptCharacters(sent), output: watch.billedCharacters() });
      let settled: Promise<void> | undefined;
      let endedBy: AppError | undefined;
      return {
        turn,
        watch,
        broke(error) {
          endedBy = error;
          turn.result.reportBroken(error);
        },
        settle() {
          if (watch.finishReason() === undefined && signal.aborted) endedBy ??= LEFT;
          settled ??= tally.answered(turn, {
            ...consumptionOf(sent, watch),
            endedBy,
            finishReason: watch.finishReason(),
            responseModel: watch.model(),
            ...(keepsContent ? { content: { messages: sent.messages, answer: watch.text() } } : {}),
            ...(bills ? { characters: characters() } : {}),
          });
          return settled;
        },
      };
    },
  };
}

const CHARACTERS_PER_TOKEN = 4;

const LEFT = new AppError('cancelled', 'The client went away.');

/**
 * Usage stands at the end of a stream. One that was left before has to be paid as far as it went, so it is estimated.
 */
function consumptionOf(request: ChatRequest, watch: StreamWatch): Consumption {
  const usage = watch.usage();
  // A stream that ended properly without usage stays without: only streams that were cut short are estimated.
  if (usage || watch.finishReason() !== undefined) return { usage };
  const prompt = measurePrompt(request).tokens;
  const completion = Math.ceil(watch.length() / CHARACTERS_PER_TOKEN);
  return {
    usage: { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion },
    estimated: true,
  };
}
