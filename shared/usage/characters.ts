import type { ChatRequest } from '../contracts/chat-provider.ts';

/** Characters of one call, for models that are billed by them. */
export interface CharacterCounts {
  /** Undefined when the prompt holds images or sound, which have a price of their own. */
  readonly input: number | undefined;
  readonly output: number;
}

/** A message or a piece of one. */
interface Countable {
  readonly content?: string | readonly ContentPart[] | null;
  readonly refusal?: string | null;
  readonly tool_calls?: readonly object[] | null;
}

interface ContentPart {
  readonly type: string;
  readonly text?: string;
  readonly refusal?: string;
}

/**
 * Characters as Google bills them: code points, white space not counted
 * (https://cloud.google.com/vertex-ai/generative-ai/pricing).
 */
export function countCharacters(text: string): number {
  // The second half of a surrogate pair is not a code point of its own.
  return text.replace(/[\s\udc00-\udfff]+/g, '').length;
}

/** Characters of messages and tools, or undefined when not all of it is text. */
export function countPromptCharacters({
  messages,
  tools,
}: Pick<ChatRequest, 'messages' | 'tools'>): number | undefined {
  let count = tools === undefined ? 0 : countCharacters(JSON.stringify(tools));
  for (const message of messages) {
    const characters = countMessage(message as Countable);
    if (characters === undefined) return undefined;
    count += characters;
  }
  return count;
}

/** Characters of the choices of a completion, or of one chunk of a stream: those of the chunks add up to the answer's. */
export function countAnswerCharacters(
  choices: readonly ({ readonly message: Countable } | { readonly delta: Countable })[],
): number {
  return choices.reduce(
    (sum, choice) => sum + (countMessage('message' in choice ? choice.message : choice.delta) ?? 0),
    0,
  );
}

function countMessage({ content, refusal, tool_calls: calls }: Countable): number | undefined {
  let count = countCharacters(refusal ?? '');
  for (const call of calls ?? []) count += countCall(call);
  if (typeof content === 'string') return count + countCharacters(content);
  for (const part of content ?? []) {
    const text = part.text ?? part.refusal;
    if (text === undefined) return undefined;
    count += countCharacters(text);
  }
  return count;
}

/** The name and the arguments of a call; its id and the form around it are ours. */
function countCall(call: object): number {
  const { function: asked, custom } = call as {
    readonly function?: { readonly name?: string; readonly arguments?: string };
    readonly custom?: { readonly name?: string; readonly input?: string };
  };
  return [asked?.name, asked?.arguments, custom?.name, custom?.input].reduce(
    (sum, text) => sum + countCharacters(text ?? ''),
    0,
  );
}
