import type { ChatEvent, ChatResult } from '../contracts/chat-provider.ts';
import { countAnswerCharacters } from '../usage/characters.ts';

type Usage = ChatResult['completion']['usage'];

/** What a stream says about itself on its way past. */
export interface StreamWatch {
  readonly see: (event: ChatEvent) => void;
  readonly usage: () => Usage | undefined;
  readonly finishReason: () => string | undefined;
  /** Characters of the answer, roughly; those that are billed only where `bills` was set. */
  readonly length: () => number;
  readonly billedCharacters: () => number;
}

/** @param bills count characters as a vendor bills them, which costs a look at every one. */
export function createStreamWatch(bills: boolean): StreamWatch {
  let usage: Usage | undefined;
  let finish: string | undefined;
  let length = 0;
  let billed = 0;
  return {
    see({ chunk }) {
      if (chunk.usage) usage = chunk.usage;
      for (const { delta, finish_reason } of chunk.choices) {
        finish = finish_reason ?? finish;
        length += (delta?.content?.length ?? 0) + (delta?.reasoning_content?.length ?? 0);
      }
      if (bills) billed += countAnswerCharacters(chunk.choices);
    },
    usage: () => usage,
    finishReason: () => finish,
    length: () => length,
    billedCharacters: () => billed,
  };
}
