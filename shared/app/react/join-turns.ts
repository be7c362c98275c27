import type { ChatChoice, ChatRequest } from '../../contracts/chat-provider.ts';
import type { Ending } from './conversation.ts';

type Message = ChatChoice['message'];
type Annotations = NonNullable<Message['annotations']>;
type Logprobs = ChatChoice['logprobs'];

/** What stands between the texts of two turns. */
export const TURN_BREAK = '\n\n';

/** Whether the answer is a value to parse: then only the last turn's text is part of it. */
export function isJsonAnswer({ response_format: format }: ChatRequest): boolean {
  return format?.type === 'json_object' || format?.type === 'json_schema';
}

/** The choices of all turns as one: what a stream of the same turns would have told. */
export function joinTurns(turns: readonly ChatChoice[], { calls, finish }: Ending, isJson: boolean): ChatChoice {
  const last = turns.at(-1) as ChatChoice;
  const messages = turns.map(({ message }) => message);
  const spoken = isJson ? [last.message] : messages;
  const content = joinTexts(spoken.map((message) => message.content));
  const reasoning = joinTexts(messages.map((message) => message.reasoning_content));
  const annotations = joinAnnotations(spoken);
  const thinking = messages.flatMap((message) => message.thinking_blocks ?? []);
  const { tool_calls: _calls, ...lastMessage } = last.message;
  return {
    ...last,
    index: 0,
    finish_reason: finish,
    logprobs: joinLogprobs((isJson ? [last] : turns).map((turn) => turn.logprobs)),
    message: {
      ...lastMessage,
      content: content === '' && (calls.length > 0 || last.message.refusal) ? null : content,
      ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
      ...(thinking.length > 0 ? { thinking_blocks: thinking } : {}),
      ...(annotations.length > 0 ? { annotations } : {}),
      ...(calls.length > 0 ? { tool_calls: [...calls] } : {}),
    },
  };
}

/** Annotations whose places count from `offset` characters further on. A place of 0 to 0 is none. */
export function moveAnnotations(annotations: Annotations, offset: number): Annotations {
  if (offset === 0) return annotations;
  return annotations.map((annotation) => {
    const { start_index: start, end_index: end } = annotation.url_citation;
    if (end === 0) return annotation;
    return {
      ...annotation,
      url_citation: { ...annotation.url_citation, start_index: start + offset, end_index: end + offset },
    };
  });
}

function joinTexts(texts: readonly (string | null | undefined)[]): string {
  return texts.filter(Boolean).join(TURN_BREAK);
}

function joinAnnotations(messages: readonly Message[]): Annotations {
  let length = 0;
  return messages.flatMap(({ content, annotations }) => {
    const isNew = Boolean(content) && length > 0;
    const offset = length + (isNew ? TURN_BREAK.length : 0);
    if (content) length = offset + content.length;
    return moveAnnotations(annotations ?? [], offset);
  });
}

function joinLogprobs(all: readonly Logprobs[]): Logprobs {
  const known = all.filter((logprobs) => logprobs !== null && logprobs !== undefined);
  if (known.length === 0) return null;
  return {
    content: known.flatMap(({ content }) => content ?? []),
    refusal: known.flatMap(({ refusal }) => refusal ?? []),
  };
}
