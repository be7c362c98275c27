import { toAppError } from '../../contracts/app-error.ts';
import type { ChatBatch, ChatRequest } from '../../contracts/chat-provider.ts';
import type { AnswerFormat } from '../../http/dialects/answer-format.ts';
import { createDeadline, type Deadline } from '../../resilience/deadline.ts';
import { elapsedMs, toSeconds } from '../../telemetry/call.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import { replayAnswer } from '../cache/replay.ts';
import type { ReactLoop, ReactReport } from '../react/react-types.ts';
import { answererOf, concludeChat, type Outcome, toAnswerHeaders } from './chat-outcome.ts';
import type { StreamedTurn } from './model-turns.ts';
import { openWhenRead } from './open-when-read.ts';
import type { ChatInput, PrepareChat, PreparedChat } from './prepare-chat.ts';

type Pieces = AsyncIterable<string | Uint8Array>;

export interface ChatStream {
  readonly events: Pieces;
  /** Known once the first event is there. */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly toErrorPiece: AnswerFormat['toErrorPiece'];
}

export interface ChatStreamOptions {
  readonly prepare: PrepareChat;
  readonly requestTimeoutMs: number;
  readonly telemetry: Pick<Telemetry, 'streamsChanged'>;
  /** The answer that needs no model: a stored one, or that nothing was found. */
  readonly findReady: (prepared: PreparedChat, signal: AbortSignal) => Promise<Outcome | undefined>;
}

/** The streamed answer to one request. Its work begins with the first read of its events. */
export function createChatStream(
  input: ChatInput,
  { prepare, requestTimeoutMs, telemetry, findReady }: ChatStreamOptions,
): ChatStream {
  let headers: Readonly<Record<string, string>> = {};
  let deadline: Deadline | undefined;
  /** The turn under way, or the last one; undefined as long as no model has answered. */
  let current: StreamedTurn | undefined;
  let isStreaming = false;

  const open = async (): Promise<Pieces> => {
    deadline = createDeadline(input.signal, requestTimeoutMs, 'The request');
    const prepared = await prepare(input, deadline.signal);
    const ready = await findReady(prepared, deadline.signal);
    return ready ? replay(prepared, ready) : await live(prepared, deadline);
  };

  const replay = (prepared: PreparedChat, { result, ...outcome }: Outcome): Pieces => {
    headers = toAnswerHeaders(outcome.by);
    const finish = result.completion.choices[0]?.finish_reason;
    return input.format.toPieces(replayAnswer(result.completion), {
      onEvent: () => {},
      settle: async () => concludeChat(input, prepared, outcome, finish),
    });
  };

  const live = async (prepared: PreparedChat, { signal, disarm }: Deadline): Promise<Pieces> => {
    const { turns, react, request } = prepared;
    const takeTurn = async (asked: ChatRequest, turnSignal: AbortSignal): Promise<StreamedTurn> => {
      current = await turns.stream(asked, turnSignal);
      return current;
    };
    const { first, batches, report } = await (react
      ? inTurns(react, { request, signal, takeTurn })
      : inOneTurn(await takeTurn(request, signal)));
    disarm();
    isStreaming = true;
    telemetry.streamsChanged(1);
    input.call.facts.time_to_first_token_seconds = toSeconds(elapsedMs(input.call));
    const by = answererOf(first.turn);
    headers = toAnswerHeaders(by);
    return input.format.toPieces(batches, {
      // The turns of an agent watch their own streams.
      onEvent: react ? () => {} : first.watch.see,
      settle: async () => {
        const last = current ?? first;
        await last.settle();
        const { provider, model } = last.turn.leg;
        const outcome = { by: { ...by, provider, model }, cached: false, ...(report && { report: report() }) };
        return concludeChat(input, prepared, outcome, last.watch.finishReason());
      },
    });
  };

  const close = async (error?: unknown): Promise<void> => {
    if (error !== undefined) current?.broke(toAppError(error, deadline?.signal));
    if (isStreaming) telemetry.streamsChanged(-1);
    try {
      // A stream that broke off, or whose reader left, is paid for as far as it came.
      await current?.settle();
    } finally {
      deadline?.end();
    }
  };

  return { events: openWhenRead(open, close), headers: () => headers, toErrorPiece: input.format.toErrorPiece };
}

/** A stream that has begun. */
interface Begun {
  readonly first: StreamedTurn;
  readonly batches: AsyncIterable<ChatBatch>;
  /** Of agents that work in turns; complete when the stream has ended. */
  readonly report?: () => ReactReport;
}

function inOneTurn(only: StreamedTurn): Begun {
  return { first: only, batches: only.turn.result.result };
}

async function inTurns(
  react: ReactLoop,
  {
    request,
    signal,
    takeTurn,
  }: {
    readonly request: ChatRequest;
    readonly signal: AbortSignal;
    readonly takeTurn: (asked: ChatRequest, signal: AbortSignal) => Promise<StreamedTurn>;
  },
): Promise<Begun> {
  const taken: StreamedTurn[] = [];
  const { events, report } = await react.stream({
    request,
    signal,
    turn: async (asked, turnSignal) => {
      const turn = await takeTurn(asked, turnSignal);
      if (taken.length === 0) taken.push(turn);
      return watched(turn);
    },
  });
  // The stream is there when its first turn is.
  return { first: taken[0] as StreamedTurn, batches: events, report };
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
