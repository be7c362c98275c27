import type { ChatChunk, ChatEvent } from '../contracts/chat-provider.ts';

/** An event of text alone. Its chunk is made when somebody asks for it, which few do. */
export class TextEvent implements ChatEvent {
  readonly json: string;
  readonly textLength: number;
  #chunk: ChatChunk | undefined;

  /** @param textLength of the text, in characters or in the somewhat longer form that JSON writes it in. */
  constructor(json: string, textLength: number) {
    this.json = json;
    this.textLength = textLength;
  }

  get chunk(): ChatChunk {
    this.#chunk ??= JSON.parse(this.json) as ChatChunk;
    return this.#chunk;
  }
}
