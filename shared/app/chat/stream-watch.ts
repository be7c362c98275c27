import { type BatchItem, type ChatEvent, type ChatResult, isTextRun } from '../../contracts/chat-provider.ts';
import { countAnswerCharacters } from '../../usage/characters.ts';

/** Of an answer that is kept for the log. */
const MAX_TEXT_CHARACTERS = 32_000;

type Usage = ChatResult['completion']['usage'];

/** What a stream says about itself on its way past. */
export interface StreamWatch {
  readonly see: (item: BatchItem) => void;
  readonly usage: () => Usage | undefined;
  readonly finishReason: () => string | undefined;
  /** Characters of the answer, roughly; those that are billed only where `bills` was set. */
  readonly length: () => number;
  readonly billedCharacters: () => number;
  /** What the upstream calls the model that answered. */
  readonly model: () => string | undefined;
  /** The answer; empty unless `keepsText` was set. */
  readonly text: () => string;
}

export interface StreamWatchOptions {
  /** Count characters as a vendor bills them, which costs a look at every one. */
  readonly bills: boolean;
  readonly keepsText: boolean;
}

export function createStreamWatch({ bills, keepsText }: StreamWatchOptions): StreamWatch {
  let usage: Usage | undefined;
  let finish: string | undefined;
  let length = 0;
  let billed = 0;
  let model: string | undefined;
  let text = '';
  const seeEvent = ({ chunk }: ChatEvent): void => {
    if (chunk.usage) usage = chunk.usage;
    for (const { delta, finish_reason } of chunk.choices) {
      if (finish_reason) {
        finish = finish_reason;
        model = chunk.model;
      }
      length += (delta?.content?.length ?? 0) + (delta?.reasoning_content?.length ?? 0);
    }
    if (keepsText && text.length < MAX_TEXT_CHARACTERS) text += chunk.choices[0]?.delta?.content ?? '';
    if (bills) billed += countAnswerCharacters(chunk.choices);
  };
  return {
    see(item) {
      if (!isTextRun(item)) seeEvent(item);
      else if (bills || keepsText) item.events.forEach(seeEvent);
      else length += item.textLength;
    },
    usage: () => usage,
    finishReason: () => finish,
    length: () => length,
    billedCharacters: () => billed,
    model: () => model,
    text: () => text,
  };
}
