import type { ChatChoice, ChatChunkChoice } from '../../contracts/chat-provider.ts';

type Delta = ChatChunkChoice['delta'];
type Message = ChatChoice['message'];
type Fields = Record<string, unknown>;

export interface MessageBuilder {
  push(delta: Delta): void;
  /** The message of which the deltas were the parts, with everything the provider put on it. */
  build(): Message;
}

const TEXTS: ReadonlySet<string> = new Set(['content', 'refusal', 'reasoning_content']);

/**
 * A streamed message put together again, so that the next turn can be given it as the provider gave it: text joined,
 * lists (thinking blocks, annotations) joined, tool calls completed by their index with every field they came with, and
 * of anything else the last value.
 */
export function createMessageBuilder(): MessageBuilder {
  const fields: Fields = {};
  const calls = new Map<number, Fields>();

  const pushCall = ({ index, ...fragment }: NonNullable<Delta['tool_calls']>[number]): void => {
    let call = calls.get(index);
    if (!call) {
      call = {};
      calls.set(index, call);
    }
    for (const [field, value] of Object.entries(fragment)) {
      if (value === null || value === undefined) continue;
      const isText = field === 'function' || field === 'custom';
      call[field] = isText ? joinCalled(call[field] as Fields | undefined, value as Fields) : value;
    }
  };

  return {
    push({ role: _role, tool_calls: fragments, ...delta }) {
      for (const fragment of fragments ?? []) pushCall(fragment);
      for (const [field, value] of Object.entries(delta)) {
        if (value === null || value === undefined) continue;
        const known = fields[field];
        if (TEXTS.has(field)) fields[field] = `${known ?? ''}${value}`;
        else fields[field] = Array.isArray(value) && Array.isArray(known) ? [...known, ...value] : value;
      }
    },

    build() {
      const ordered = [...calls].sort(([one], [other]) => one - other).map(([, call]) => toCall(call));
      const { content = null, refusal = null, ...others } = fields;
      return {
        role: 'assistant',
        content,
        refusal,
        ...others,
        ...(ordered.length > 0 ? { tool_calls: ordered } : {}),
      } as unknown as Message;
    },
  };
}

/** A name comes once, whole; arguments and free input come in pieces. */
function joinCalled(known: Fields = {}, fragment: Fields): Fields {
  const joined: Fields = { ...known };
  for (const [field, value] of Object.entries(fragment)) {
    if (field === 'name') joined.name = known.name || value;
    else joined[field] = `${known[field] ?? ''}${value ?? ''}`;
  }
  return joined;
}

function toCall(call: Fields): Fields {
  if (call.type === 'custom') return { ...call, custom: { name: '', input: '', ...(call.custom as Fields) } };
  return { ...call, type: 'function', function: { name: '', arguments: '', ...(call.function as Fields) } };
}
