import type { Content, Part } from '@google/genai';
import { AppError } from '../contracts/app-error.ts';
import type { ChatMessage } from '../contracts/chat-provider.ts';
import { toContentParts, toPlainText } from './gemini-content.ts';
import { type KnownCall, toFunctionCallParts, toFunctionResponseParts } from './gemini-functions.ts';
import { toMediaPart } from './gemini-media.ts';
import type { GeminiModelTraits } from './gemini-model.ts';
import { isAnswerImage } from './gemini-parts.ts';
import { readSignature } from './gemini-signature.ts';
import type { GeminiBackend, GeminiBody } from './gemini-types.ts';

export interface ConversationOptions {
  readonly backend: GeminiBackend;
  readonly traits: GeminiModelTraits;
}

interface Turn {
  readonly kind: 'user' | 'assistant' | 'tool';
  readonly parts: Part[];
  /** Of a result: the position of its call among all calls. */
  readonly order?: number;
}

type AssistantMessage = Extract<ChatMessage, { role: 'assistant' }>;

/**
 * OpenAI's messages as the vendor's: system and developer texts become the system instruction wherever they stand,
 * neighbours of one role become one content, and so do the results of one turn's calls, in the order of the calls. The
 * name of a user leads their text, since the vendor has no field for it. Thoughts are not sent back: the vendor wants
 * their signatures alone.
 *
 * @throws AppError `unsupported` for what the vendor has no form for, a conversation without content and a result without
 * its call among it.
 */
export function toConversation(
  messages: readonly ChatMessage[],
  options: ConversationOptions,
): Pick<GeminiBody, 'contents' | 'systemInstruction'> {
  const system: string[] = [];
  const turns: Turn[] = [];
  const calls = new Map<string, KnownCall>();
  messages.forEach((message, position) => {
    const path = `messages[${position}]`;
    if (message.role === 'system' || message.role === 'developer') system.push(toPlainText(message));
    else turns.push(toTurn(message, path, calls, options));
  });
  const instruction = system.filter((text) => text.trim() !== '').join('\n\n');
  const contents = toContents(turns.filter((turn) => turn.parts.length > 0));
  if (contents.length === 0) {
    if (instruction === '') {
      throw new AppError('unsupported', `${options.backend} needs at least one message with content.`, {
        param: 'messages',
      });
    }
    // Instructions alone are a prompt.
    return { contents: [{ role: 'user', parts: [{ text: instruction }] }] };
  }
  return { contents, ...(instruction === '' ? {} : { systemInstruction: { parts: [{ text: instruction }] } }) };
}

function toTurn(message: ChatMessage, path: string, calls: Map<string, KnownCall>, options: ConversationOptions): Turn {
  switch (message.role) {
    case 'user':
      return { kind: 'user', parts: toUserParts(message, path, options.backend) };
    case 'assistant':
      return { kind: 'assistant', parts: toAssistantParts(message, path, calls, options) };
    case 'tool':
      return {
        kind: 'tool',
        parts: toFunctionResponseParts({ message, path, calls, ...options }),
        order: [...calls.keys()].indexOf(message.tool_call_id),
      };
    default:
      throw new AppError('unsupported', `There are no messages of the role ${message.role} here; use tool messages.`, {
        param: `${path}.role`,
      });
  }
}

function toUserParts(message: Extract<ChatMessage, { role: 'user' }>, path: string, backend: GeminiBackend): Part[] {
  const parts = toContentParts(message, path, backend);
  if (!message.name || parts.length === 0) return parts;
  const [first, ...others] = parts;
  return first?.text === undefined
    ? [{ text: `${message.name}:` }, ...parts]
    : [{ text: `${message.name}: ${first.text}` }, ...others];
}

function toAssistantParts(
  message: AssistantMessage,
  path: string,
  calls: Map<string, KnownCall>,
  options: ConversationOptions,
): Part[] {
  const parts = toContentParts(message, path, options.backend);
  const signature = readSignature(message);
  const last = parts.findLastIndex((part) => part.text !== undefined);
  if (signature !== undefined && last !== -1) parts[last] = { ...parts[last], thoughtSignature: signature };
  const images = toImageParts(message, path, options.backend);
  return [...parts, ...images, ...toFunctionCallParts({ message, path, calls, ...options })];
}

/** Images the model made in an earlier turn, each with the signature it came with. Anything else in the field is none. */
function toImageParts(message: AssistantMessage, path: string, backend: GeminiBackend): Part[] {
  const { images } = message as { images?: unknown };
  return (Array.isArray(images) ? images : []).flatMap((image: unknown, position) => {
    if (!isAnswerImage(image)) return [];
    const part = toMediaPart(image.image_url.url, {
      backend,
      path: `${path}.images[${position}].image_url.url`,
      defaultType: 'image/png',
    });
    const signature = readSignature(image);
    return [signature === undefined ? part : { ...part, thoughtSignature: signature }];
  });
}

function toContents(turns: readonly Turn[]): Content[] {
  const groups: Turn[][] = [];
  for (const turn of turns) {
    const last = groups.at(-1);
    if (last?.[0]?.kind === turn.kind) last.push(turn);
    else groups.push([turn]);
  }
  return groups.map((group) => {
    const isAnswer = group[0]?.kind === 'assistant';
    const ordered = group.toSorted((one, other) => (one.order ?? 0) - (other.order ?? 0));
    return { role: isAnswer ? 'model' : 'user', parts: resultsFirst(ordered.flatMap((turn) => turn.parts)) };
  });
}

/** Media that a result could not hold follow all the results. */
function resultsFirst(parts: Part[]): Part[] {
  const results = parts.filter((part) => part.functionResponse);
  return results.length === 0 ? parts : [...results, ...parts.filter((part) => !part.functionResponse)];
}
