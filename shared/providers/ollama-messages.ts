import { AppError } from '../contracts/app-error.ts';
import type { ChatMessage } from '../contracts/chat-provider.ts';
import { toOllamaContent } from './ollama-content.ts';
import type { OllamaMessage, OllamaToolCall } from './ollama-wire.ts';
import { toArgumentsObject } from './tool-arguments.ts';

/**
 * OpenAI's messages as the vendor's, one for one and in their order. Results name the function that was called, since
 * the vendor matches by that; the name of a user leads their text, since it has no field for it.
 *
 * @throws AppError `unsupported` for what the vendor has no form for, `invalid_request` for an image without data.
 */
export function toOllamaMessages(messages: readonly ChatMessage[]): OllamaMessage[] {
  const functions = new Map<string, string>();
  return messages.map((message, position): OllamaMessage => {
    const path = `messages[${position}]`;
    switch (message.role) {
      case 'system':
      case 'developer':
        return { role: 'system', ...toOllamaContent(message, path) };
      case 'user':
        return { role: 'user', ...toNamedContent(message, path) };
      case 'assistant':
        return toAssistantMessage(message, path, functions);
      case 'tool': {
        const name = functions.get(message.tool_call_id) ?? (message as { name?: string | null }).name;
        return { role: 'tool', ...toOllamaContent(message, path), ...(name ? { tool_name: name } : {}) };
      }
      default:
        throw new AppError('unsupported', `ollama has no messages of the role ${message.role}; use tool messages.`, {
          param: `${path}.role`,
        });
    }
  });
}

function toNamedContent(message: Extract<ChatMessage, { role: 'user' }>, path: string) {
  const content = toOllamaContent(message, path);
  return message.name ? { ...content, content: `${message.name}: ${content.content}` } : content;
}

function toAssistantMessage(
  message: Extract<ChatMessage, { role: 'assistant' }>,
  path: string,
  functions: Map<string, string>,
): OllamaMessage {
  const calls = (message.tool_calls ?? []).map((call, position): OllamaToolCall => {
    const callPath = `${path}.tool_calls[${position}]`;
    if (call.type !== 'function') {
      throw new AppError('unsupported', 'ollama has function calls alone, no custom ones.', { param: callPath });
    }
    const { name, arguments: text } = call.function;
    functions.set(call.id, name);
    return { function: { name, arguments: toArgumentsObject(text) } };
  });
  return {
    role: 'assistant',
    ...toOllamaContent(message, path),
    ...(message.reasoning_content ? { thinking: message.reasoning_content } : {}),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}
