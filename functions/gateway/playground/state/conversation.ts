import { ApiError } from '../api/api-error.ts';
import { askModel, type ChatMessage, type ChatPiece } from '../api/chat.ts';
import type { Api } from '../api/client.ts';
import type { AnswerFacts, TokenUsage } from '../api/wire.ts';
import { createStore, type Store } from './store.ts';

/** A question and what became of it. */
export interface Turn {
  readonly id: number;
  readonly model: string;
  readonly question: string;
  readonly retrieval: boolean;
  readonly state: 'waiting' | 'streaming' | 'done' | 'stopped' | 'failed';
  readonly text: string;
  readonly reasoning: string;
  readonly finishReason?: string;
  readonly usage?: TokenUsage;
  readonly facts?: AnswerFacts;
  readonly error?: ApiError;
  /** Until the first word. */
  readonly firstMs?: number;
  readonly totalMs?: number;
}

export interface Question {
  readonly model: string;
  readonly text: string;
  readonly retrieval: boolean;
}

export interface Conversation {
  readonly turns: Store<readonly Turn[]>;
  /** Does nothing while an answer is on its way. */
  ask(question: Question): Promise<void>;
  /** Asks the last question again, in place of its answer. */
  askAgain(): Promise<void>;
  stop(): void;
  clear(): void;
}

export function isRunning(turns: readonly Turn[]): boolean {
  const state = turns.at(-1)?.state;
  return state === 'waiting' || state === 'streaming';
}

export function createConversation(api: Api): Conversation {
  const turns = createStore<readonly Turn[]>([]);
  let lastId = 0;
  let running: AbortController | undefined;

  const update = (id: number, change: (turn: Turn) => Turn): void =>
    turns.set(turns.get().map((turn) => (turn.id === id ? change(turn) : turn)));

  const run = async ({ id, model, retrieval }: Turn, messages: readonly ChatMessage[]): Promise<void> => {
    const abort = new AbortController();
    running = abort;
    const startedAt = performance.now();
    const elapsed = () => performance.now() - startedAt;
    try {
      for await (const piece of gathered(askModel(api, { model, retrieval, messages }, abort.signal), abort.signal)) {
        update(id, (turn) => add(turn, piece, elapsed()));
      }
      update(id, (turn) => ({ ...turn, state: 'done', totalMs: elapsed() }));
    } catch (thrown) {
      const end = abort.signal.aborted
        ? ({ state: 'stopped' } as const)
        : ({ state: 'failed', error: ApiError.from(thrown) } as const);
      update(id, (turn) => ({ ...turn, ...end, totalMs: elapsed() }));
    } finally {
      if (running === abort) running = undefined;
    }
  };

  const start = (before: readonly Turn[], { model, text, retrieval }: Question): Promise<void> => {
    lastId += 1;
    const turn: Turn = { id: lastId, model, question: text, retrieval, state: 'waiting', text: '', reasoning: '' };
    turns.set([...before, turn]);
    return run(turn, [...toMessages(before), { role: 'user', content: text }]);
  };

  return {
    turns,
    async ask(question) {
      if (!isRunning(turns.get())) await start(turns.get(), question);
    },
    async askAgain() {
      const last = turns.get().at(-1);
      if (last === undefined || isRunning(turns.get())) return;
      const { model, question, retrieval } = last;
      await start(turns.get().slice(0, -1), { model, text: question, retrieval });
    },
    stop: () => running?.abort(),
    clear() {
      running?.abort();
      turns.set([]);
    },
  };
}

/** A question without an answer is left out: most models refuse two questions in a row. */
function toMessages(turns: readonly Turn[]): ChatMessage[] {
  return turns
    .filter(({ text }) => text !== '')
    .flatMap(({ question, text }): ChatMessage[] => [
      { role: 'user', content: question },
      { role: 'assistant', content: text },
    ]);
}

function add(turn: Turn, piece: ChatPiece, elapsedMs: number): Turn {
  const { text, reasoning, ...rest } = piece;
  return {
    ...turn,
    ...rest,
    state: 'streaming',
    text: turn.text + (text ?? ''),
    reasoning: turn.reasoning + (reasoning ?? ''),
    ...(turn.firstMs === undefined && text !== undefined ? { firstMs: elapsedMs } : {}),
  };
}

/** Pieces that come within one frame as one: nobody sees more, and each costs a rendering. */
async function* gathered(pieces: AsyncIterable<ChatPiece>, signal: AbortSignal): AsyncGenerator<ChatPiece> {
  let waiting: ChatPiece | undefined;
  let isOver = false;
  let failure: { readonly error: unknown } | undefined;
  let wake = (): void => {};
  const reading = (async () => {
    try {
      for await (const piece of pieces) {
        waiting = waiting === undefined ? piece : join(waiting, piece);
        wake();
      }
    } catch (error) {
      failure = { error };
    }
    isOver = true;
    wake();
  })();
  while (!isOver || waiting !== undefined) {
    if (waiting === undefined) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      continue;
    }
    const piece = waiting;
    waiting = undefined;
    yield piece;
    if (!isOver && !signal.aborted) await nextFrame();
  }
  await reading;
  if (failure) throw failure.error;
}

function join(first: ChatPiece, second: ChatPiece): ChatPiece {
  const text = (first.text ?? '') + (second.text ?? '');
  const reasoning = (first.reasoning ?? '') + (second.reasoning ?? '');
  return { ...first, ...second, ...(text === '' ? {} : { text }), ...(reasoning === '' ? {} : { reasoning }) };
}

/** A hidden tab is given no frames, and its answer must not wait for one. */
function nextFrame(): Promise<void> {
  return new Promise((resolve) => {
    if (document.hidden) setTimeout(resolve);
    else requestAnimationFrame(() => resolve());
  });
}
