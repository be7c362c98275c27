import { AppError } from '../contracts/app-error.ts';
import type { ChatRequest } from '../contracts/chat-provider.ts';
import { toAllowedNames } from './allowed-tools.ts';
import type { OllamaTool } from './ollama-wire.ts';

/**
 * The functions a model may call. The vendor cannot be told to call one, so a choice that demands a call is refused;
 * one that forbids or restricts calls is kept by what is offered.
 *
 * @throws AppError `unsupported` for demanded calls and for tools that are not functions.
 */
export function toOllamaTools({ tools, tool_choice: choice }: ChatRequest): OllamaTool[] {
  if (!tools || tools.length === 0 || choice === 'none') return [];
  const functions = tools.map(toTool);
  if (choice === undefined || choice === null || choice === 'auto') return functions;
  if (typeof choice === 'object' && choice.type === 'allowed_tools' && choice.allowed_tools.mode !== 'required') {
    const names = toAllowedNames(choice);
    return functions.filter((tool) => names.has(tool.function.name));
  }
  throw new AppError('unsupported', 'ollama cannot be made to call a tool: leave tool_choice out or set it to auto.', {
    param: 'tool_choice',
  });
}

function toTool(tool: NonNullable<ChatRequest['tools']>[number], position: number): OllamaTool {
  if (tool.type !== 'function') {
    throw new AppError('unsupported', `ollama takes function tools alone, not ${tool.type}.`, {
      param: `tools[${position}]`,
    });
  }
  const { name, description, parameters } = tool.function;
  return {
    type: 'function',
    function: { name, ...(description ? { description } : {}), parameters: toParameters(parameters) },
  };
}

/** The vendor's templates read `type` and `properties`, and break on a function that has none. */
function toParameters(parameters: Record<string, unknown> | null | undefined): Record<string, unknown> {
  if (!parameters) return { type: 'object', properties: {} };
  return parameters.type === undefined ? { ...parameters, type: 'object' } : parameters;
}
