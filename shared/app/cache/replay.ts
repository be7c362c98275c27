import type {
  ChatBatch,
  ChatChoice,
  ChatChunkChoice,
  ChatCompletion,
  ChatEvent,
} from '../../contracts/chat-provider.ts';

type Delta = ChatChunkChoice['delta'];

/**
 * A finished answer as the stream it would have been, in one batch: for each choice its thinking, its text and its
 * finish reason, then usage on an event of its own. Texts are not cut into pieces.
 */
export async function* replayAnswer(completion: ChatCompletion): AsyncGenerator<ChatBatch> {
  const { choices, usage, object: _object, ...head } = completion;
  const toEvent = (chosen: ChatChunkChoice[], rest: Partial<ChatEvent['chunk']> = {}): ChatEvent => ({
    chunk: { ...head, object: 'chat.completion.chunk', choices: chosen, ...rest },
  });
  yield [
    ...choices.flatMap(toChunkChoices).map((choice) => toEvent([choice])),
    ...(usage ? [toEvent([], { usage })] : []),
  ];
}

function toChunkChoices({
  index,
  message,
  logprobs = null,
  finish_reason,
  stop_sequence,
}: ChatChoice): ChatChunkChoice[] {
  const { role, reasoning_content, thinking_blocks, tool_calls: _calls, function_call: _call, ...rest } = message;
  const deltas = [...toThinkingDeltas({ reasoning_content, thinking_blocks }), withoutNulls(rest)];
  return [
    ...deltas.map((delta, position) => ({
      index,
      delta: position === 0 ? { role, ...delta } : delta,
      logprobs: position === deltas.length - 1 ? logprobs : null,
      finish_reason: null,
    })),
    { index, delta: {}, logprobs: null, finish_reason, ...(stop_sequence === undefined ? {} : { stop_sequence }) },
  ];
}

/** A block goes beside the readable text it repeats. */
function toThinkingDeltas({
  reasoning_content: text,
  thinking_blocks: blocks,
}: {
  readonly reasoning_content: string | null | undefined;
  readonly thinking_blocks: Delta['thinking_blocks'];
}): Delta[] {
  const texts = (blocks ?? []).map((block) => (block.type === 'thinking' ? block.thinking : ''));
  if (texts.join('') !== (text ?? '')) return [toThinkingDelta(text, blocks)];
  return (blocks ?? []).map((block, position) => toThinkingDelta(texts[position], [block]));
}

function toThinkingDelta(text: string | null | undefined, blocks: Delta['thinking_blocks']): Delta {
  return { ...(text ? { reasoning_content: text } : {}), ...(blocks?.length ? { thinking_blocks: blocks } : {}) };
}

function withoutNulls(fields: object): Delta {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}
