import { createDeadline } from '../../resilience/deadline.ts';
import { answererOf, concludeChat, fromStored, type Outcome, toAnswerHeaders } from './chat-outcome.ts';
import { type ChatStream, createChatStream } from './chat-stream.ts';
import type { CompletedTurn } from './model-turns.ts';
import { noInformationAnswer } from './no-information.ts';
import { type ChatInput, createChatPreparation, type PreparationOptions, type PreparedChat } from './prepare-chat.ts';

export interface ChatAnswer {
  readonly json: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ChatService {
  complete(input: ChatInput): Promise<ChatAnswer>;
  stream(input: ChatInput): ChatStream;
}

/** Chat over the cascade: deadline, routing, retrieval, cache, then turn by turn budget → legs → ledger. */
export function createChatService(options: PreparationOptions): ChatService {
  const { config, answerCache } = options;
  const { requestTimeoutMs } = config.limits;
  const prepare = createChatPreparation(options);

  /** The answer where nothing was found and the configuration wants no model asked without passages. */
  const withoutModel = ({ route, citations, react }: PreparedChat): Outcome | undefined => {
    if (citations?.length !== 0 || react || config.retrieval.answerWithoutContext) return undefined;
    const [leg] = route.legs;
    const by = { provider: leg?.provider ?? 'local', model: leg?.model ?? '', dropped: [] };
    return { result: { completion: noInformationAnswer(by.model) }, by, cached: false };
  };

  const askInTurns = async (
    react: NonNullable<PreparedChat['react']>,
    { request, turns }: PreparedChat,
    signal: AbortSignal,
  ): Promise<Outcome> => {
    const taken: CompletedTurn[] = [];
    const { result, report } = await react.complete({
      request,
      signal,
      turn: async (asked, turnSignal) => {
        const turn = await turns.complete(asked, turnSignal);
        taken.push(turn);
        return turn.result.result;
      },
    });
    // An answer takes at least one turn.
    return { result, by: answererOf(taken.at(-1) as CompletedTurn), cached: false, report };
  };

  const ask = async (prepared: PreparedChat, signal: AbortSignal): Promise<Outcome> => {
    const ready = withoutModel(prepared);
    if (ready) return ready;
    const { ticket, turns, react, request } = prepared;
    if (react) return await askInTurns(react, prepared, signal);
    const produce = (producing: AbortSignal) => turns.complete(request, producing);
    const outcome = await (ticket && answerCache
      ? answerCache.run({ ticket, signal, produce })
      : produce(signal).then((produced) => ({ produced })));
    if ('answer' in outcome) return fromStored(outcome.answer);
    // Without attempts of its own it was produced for an equal request, whose caller left and whose account has its cost.
    const isForAnother = prepared.tally.summary().attempts.length === 0;
    return { result: outcome.produced.result.result, by: answererOf(outcome.produced), cached: isForAnother };
  };

  return {
    async complete(input) {
      const deadline = createDeadline(input.signal, requestTimeoutMs, 'The request');
      try {
        const prepared = await prepare(input, deadline.signal);
        const outcome = await ask(prepared, deadline.signal);
        const finish = outcome.result.completion.choices[0]?.finish_reason;
        return {
          json: input.format.toJson(outcome.result, concludeChat(input, prepared, outcome, finish)),
          headers: toAnswerHeaders(outcome.by),
        };
      } finally {
        deadline.end();
      }
    },

    stream: (input) =>
      createChatStream(input, {
        prepare,
        requestTimeoutMs,
        telemetry: options.telemetry,
        async findReady(prepared, signal) {
          const stored = prepared.ticket && (await answerCache?.find(prepared.ticket, signal));
          return stored ? fromStored(stored) : withoutModel(prepared);
        },
      }),
  };
}
