import type { ChatMessage, ChatRequest } from '../contracts/chat-provider.ts';

type ToolMessage = Extract<ChatMessage, { role: 'tool' }>;
type UserPart = Exclude<Extract<ChatMessage, { role: 'user' }>['content'], string>[number];

const MOVED = 'The result is in the user message that follows.';

/**
 * The conversation with the media of tool results in one user message after the last result of their turn, each under
 * the name of its call: OpenAI and its like take text alone in a result, and images, files and sound from the user
 * alone. The request comes back as it is when no result holds any.
 */
export function withMediaAsUserTurn(request: ChatRequest): ChatRequest {
  if (!request.messages.some((message) => message.role === 'tool' && mediaOf(message).length > 0)) return request;
  const names = new Map<string, string>();
  const messages: ChatMessage[] = [];
  let moved: UserPart[] = [];
  const endTurn = (): void => {
    if (moved.length > 0) messages.push({ role: 'user', content: moved });
    moved = [];
  };
  for (const message of request.messages) {
    if (message.role !== 'tool') endTurn();
    if (message.role === 'assistant') {
      for (const call of message.tool_calls ?? []) names.set(call.id, toName(call));
    }
    const media = message.role === 'tool' ? mediaOf(message) : [];
    if (message.role !== 'tool' || media.length === 0) {
      messages.push(message);
      continue;
    }
    const name = names.get(message.tool_call_id);
    const call = name === undefined ? message.tool_call_id : `${message.tool_call_id} (${name})`;
    moved.push({ type: 'text', text: `From the result of the tool call ${call}:` }, ...media);
    messages.push({ ...message, content: textOf(message) });
  }
  endTurn();
  return { ...request, messages };
}

/** OpenAI's type knows text alone; callers send media too, for the vendors that read them there. */
function partsOf({ content }: ToolMessage): readonly UserPart[] {
  return Array.isArray(content) ? content : [];
}

function mediaOf(message: ToolMessage): UserPart[] {
  return partsOf(message).filter(({ type }) => type !== 'text');
}

function textOf(message: ToolMessage): ToolMessage['content'] {
  const texts = partsOf(message).filter((part) => part.type === 'text');
  return texts.length > 0 ? texts : MOVED;
}

function toName(call: NonNullable<Extract<ChatMessage, { role: 'assistant' }>['tool_calls']>[number]): string {
  return call.type === 'function' ? call.function.name : call.custom.name;
}
