import {
  type BatchItem,
  type ChatBatch,
  type ChatChunkChoice,
  type ChatEvent,
  isTextRun,
  type ThinkingBlock,
} from '../../contracts/chat-provider.ts';

/**
 * Moves all thinking blocks of a choice to the event of its finish, batch by batch. The stream helper of OpenAI's client lets
 * an unknown field of a delta take the place of what came before, other clients put lists together: told once, both hold
 * every block, which the next turn needs. Events that are forwarded in an upstream's own words stay as they are.
 */
export function createThinkingMover(): (batch: ChatBatch) => ChatBatch {
  const held = new Map<number, ThinkingBlock[]>();

  const isConcerned = (event: BatchItem): event is ChatEvent =>
    !isTextRun(event) &&
    event.json === undefined &&
    event.chunk.choices.some(
      ({ index, delta, finish_reason: finish }) => hasThinking(delta) || (finish !== null && held.has(index)),
    );

  const toChoices = (choice: ChatChunkChoice): ChatChunkChoice[] => {
    const { index, delta, finish_reason: finish } = choice;
    const { thinking_blocks: blocks = [], ...rest } = delta;
    const known = [...(held.get(index) ?? []), ...blocks];
    if (known.length === 0) return [choice];
    held.set(index, known);
    if (finish !== null) return [{ ...choice, delta: { ...rest, thinking_blocks: known } }];
    return Object.keys(rest).length > 0 || choice.logprobs ? [{ ...choice, delta: rest }] : [];
  };

  const toEvents = (event: BatchItem): ChatBatch => {
    if (!isConcerned(event)) return [event];
    const choices = event.chunk.choices.flatMap(toChoices);
    return choices.length === 0 ? [] : [{ chunk: { ...event.chunk, choices } }];
  };

  return (batch) => (held.size > 0 || batch.some(isConcerned) ? batch.flatMap(toEvents) : batch);
}

function hasThinking({ thinking_blocks: blocks }: ChatChunkChoice['delta']): boolean {
  return blocks !== undefined && blocks.length > 0;
}
