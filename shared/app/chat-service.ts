import { toAppError } from '../contracts/app-error.ts';
import type { ChatBatch, ChatRequest } from '../contracts/chat-provider.ts';
import type { AnswerFormat } from '../http/dialects/answer-format.ts';
import { createDeadline, type Deadline } from '../resilience/deadline.ts';
import { elapsedMs, toSeconds } from '../telemetry/call.ts';
import { replayAnswer } from './cache/replay.ts';
import { type Answerer, fromStored, type Outcome, toAnswerHeaders, toFacts } from './chat-outcome.ts';
import type { StreamedTurn } from './model-turns.ts';
import { noInformationAnswer } from './no-information.ts';
import { openWhenRead } from './open-when-read.ts';
import { type ChatInput, createChatPreparation, type PreparationOptions, type PreparedChat } from './prepare-chat.ts';

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

/** Chat over the cascade: deadline, routing, retrieval, cache, then turn by turn budget → legs → ledger. */
export function createChatService(options: PreparationOptions): ChatService {
  const { config } = options;
  const { requestTimeoutMs } = config.limits;
  const prepare = createChatPreparation(options);

  /** Nothing was found, and the configuration wants no model asked without it. */
  const withoutModel = ({ route, citations, react }: PreparedChat): Outcome | undefined => {
    if (citations?.length !== 0 || react || config.retrieval.answerWithoutContext) return undefined;
    const [leg] = route.legs;
    const by = { provider: leg?.provider ?? 'local', model: leg?.model ?? '', dropped: [] };
    return { result: { completion: noInformationAnswer(by.model) }, by, cached: false };
  };

  const ask = async (prepared: PreparedChat, signal: AbortSignal): Promise<Outcome> => {
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

  return {
    async complete(input) {
      const deadline = createDeadline(input.signal, requestTimeoutMs, 'The request');
      try {
        const prepared = await prepare(input, deadline.signal);
        const outcome = await ask(prepared, deadline.signal);
        const finish = outcome.result.completion.choices[0]?.finish_reason;
        return {
          json: input.format.toJson(outcome.result, toFacts(input, prepared, outcome, finish)),
          headers: toAnswerHeaders(outcome.by),
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

      const replay = (prepared: PreparedChat, { result, ...outcome }: Outcome): AsyncIterable<string | Uint8Array> => {
        headers = toAnswerHeaders(outcome.by);
        const finish = result.completion.choices[0]?.finish_reason;
        return input.format.toPieces(replayAnswer(result.completion), {
          onEvent: () => {},
          settle: async () => toFacts(input, prepared, outcome, finish),
        });
      };

      const live = async (
        prepared: PreparedChat,
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
        headers = toAnswerHeaders(by);
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
