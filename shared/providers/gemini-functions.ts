import type { FunctionResponse, Part } from '@google/genai';
import { AppError } from '../contracts/app-error.ts';
import type { ChatMessage } from '../contracts/chat-provider.ts';
import { toContentParts, toPlainText } from './gemini-content.ts';
import type { GeminiModelTraits } from './gemini-model.ts';
import { readSignature } from './gemini-signature.ts';
import type { GeminiBackend } from './gemini-types.ts';
import { parseObject, toArgumentsObject } from './tool-arguments.ts';

/** A call an earlier assistant turn made. Results name the call, the vendor wants the function. */
export interface KnownCall {
  readonly name: string;
}

interface FunctionOptions<Message> {
  readonly message: Message;
  readonly path: string;
  /** By call id; assistant turns add to it, results read it. */
  readonly calls: Map<string, KnownCall>;
  readonly backend: GeminiBackend;
  readonly traits: GeminiModelTraits;
}

/**
 * Google's word for "this call was not made by you": without a signature on the first call of a turn, Gemini 3 refuses
 * the conversation (https://ai.google.dev/gemini-api/docs/thought-signatures).
 */
const NO_SIGNATURE = 'skip_thought_signature_validator';

/** The calls of an assistant turn, each with its id where the service takes one and with the signature it came with. */
export function toFunctionCallParts({
  message,
  path,
  calls,
  backend,
  traits,
}: FunctionOptions<Extract<ChatMessage, { role: 'assistant' }>>): Part[] {
  const toolCalls = message.tool_calls ?? [];
  const isUnsigned = traits.signsCalls && toolCalls.every((call) => readSignature(call) === undefined);
  return toolCalls.map((call, position) => {
    const callPath = `${path}.tool_calls[${position}]`;
    if (call.type !== 'function') {
      throw new AppError('unsupported', `${backend} has function calls alone, no custom ones.`, { param: callPath });
    }
    const { name, arguments: text } = call.function;
    // A client may number its calls anew in each turn: the latest call of an id is the one that is answered.
    calls.delete(call.id);
    calls.set(call.id, { name });
    const signature = readSignature(call) ?? (isUnsigned && position === 0 ? NO_SIGNATURE : undefined);
    return {
      functionCall: { ...toId(call.id, backend, traits), name, args: toArgumentsObject(text) },
      ...(signature === undefined ? {} : { thoughtSignature: signature }),
    };
  });
}

/**
 * The result of a call. Media of a result go inside it where the model reads them there, else beside it.
 *
 * @throws AppError `unsupported` for a result whose call is not in the conversation; other vendors may take it.
 */
export function toFunctionResponseParts({
  message,
  path,
  calls,
  backend,
  traits,
}: FunctionOptions<Extract<ChatMessage, { role: 'tool' }>>): Part[] {
  const call = calls.get(message.tool_call_id);
  if (!call) {
    throw new AppError(
      'unsupported',
      `${backend} takes no result without its call: send the assistant message that made the call, too.`,
      { param: `${path}.tool_call_id` },
    );
  }
  const media = toContentParts(message, path, backend).filter((part) => part.text === undefined);
  const inside = traits.signsCalls ? media : [];
  const functionResponse = {
    ...toId(message.tool_call_id, backend, traits),
    name: call.name,
    response: toResponse(toPlainText(message)),
    ...(inside.length > 0 ? { parts: inside as NonNullable<FunctionResponse['parts']> } : {}),
  };
  return [{ functionResponse }, ...(inside.length > 0 ? [] : media)];
}

/** The Gemini API takes ids for every model; Vertex AI refuses the field for those before Gemini 3. */
function toId(id: string, backend: GeminiBackend, { signsCalls }: GeminiModelTraits): { id?: string } {
  return backend === 'gemini' || signsCalls ? { id } : {};
}

/** A JSON object is the response; anything else is wrapped. So is one with `$ref`, which the vendor would resolve. */
function toResponse(text: string): Record<string, unknown> {
  const value = text.trimStart().startsWith('{') && !text.includes('"$ref"') ? parseObject(text) : undefined;
  return value ?? { result: text };
}
