import type Anthropic from '@anthropic-ai/sdk';
import { AppError } from '../contracts/app-error.ts';
import type { ChatRequest } from '../contracts/chat-provider.ts';
import { toAllowedNames } from './allowed-tools.ts';
import { toCacheControl } from './anthropic-content.ts';
import type { AnthropicModelTraits } from './anthropic-model.ts';
import { createNameMap, MAX_NAME_LENGTH, type NameMap } from './anthropic-names.ts';
import { toInputSchema } from './anthropic-root-schema.ts';
import { hasOpenObjects, toStrictSchema } from './anthropic-schema.ts';

export interface ToolParams {
  readonly tools: Anthropic.Tool[];
  /** Absent: the vendor's default, which is `auto`. */
  readonly choice?: Anthropic.ToolChoice;
}

/** The names of all tools a request speaks of, as the vendor is to be told them. */
export function toToolNames(request: ChatRequest): NameMap {
  const offered = (request.tools ?? []).flatMap((tool) => (tool.type === 'function' ? [tool.function.name] : []));
  return createNameMap([...offered, ...toCalledNames(request)], MAX_NAME_LENGTH);
}

/**
 * Tool definitions and the choice among them. A conversation that holds calls but no definitions gets bare ones that
 * may not be called, because the vendor refuses calls of tools it does not know.
 *
 * @throws AppError `unsupported` for custom tools, for a schema that allows no object, and for a demanded call on a model
 * that cannot be made to call.
 */
export function toToolParams(request: ChatRequest, traits: AnthropicModelTraits, names: NameMap): ToolParams {
  const tools = (request.tools ?? []).map((tool, position) => toTool(tool, `tools[${position}]`, traits, names));
  if (tools.length === 0) {
    const called = [...toCalledNames(request)].map((name) => ({
      name: names.toVendor(name),
      input_schema: { type: 'object' as const },
    }));
    return called.length === 0 ? { tools } : { tools: called, choice: { type: 'none' } };
  }
  const { allowed, choice } = toChoice(request, tools, names);
  if ((choice?.type === 'any' || choice?.type === 'tool') && !traits.forcedTools) {
    throw new AppError('unsupported', 'This model cannot be made to call a tool: set tool_choice to auto.', {
      param: 'tool_choice',
    });
  }
  const isSerial = request.parallel_tool_calls === false && choice?.type !== 'none';
  const serial = isSerial ? { ...(choice ?? { type: 'auto' as const }), disable_parallel_tool_use: true } : choice;
  return { tools: allowed, ...(serial ? { choice: serial } : {}) };
}

function toTool(
  tool: NonNullable<ChatRequest['tools']>[number],
  path: string,
  traits: AnthropicModelTraits,
  names: NameMap,
): Anthropic.Tool {
  if (tool.type !== 'function') {
    throw new AppError('unsupported', 'anthropic takes function tools alone, no custom ones.', { param: path });
  }
  const { name, description, parameters, strict } = tool.function;
  const isStrict = strict === true && traits.structuredOutput && !hasOpenObjects(parameters);
  const marker = { ...toCacheControl(tool.function), ...toCacheControl(tool) };
  const schema = toInputSchema(parameters, `${path}.function.parameters`);
  return {
    name: names.toVendor(name),
    ...(description ? { description } : {}),
    input_schema: isStrict && parameters ? { ...toStrictSchema(schema), type: 'object' } : schema,
    ...(isStrict ? { strict: true } : {}),
    ...marker,
  };
}

function toChoice(
  { tool_choice: choice }: ChatRequest,
  tools: Anthropic.Tool[],
  names: NameMap,
): { allowed: Anthropic.Tool[]; choice?: Anthropic.ToolChoice } {
  if (choice === undefined || choice === null) return { allowed: tools };
  if (typeof choice === 'string') {
    return { allowed: tools, choice: { type: choice === 'required' ? 'any' : choice } };
  }
  if (choice.type === 'function') {
    return { allowed: tools, choice: { type: 'tool', name: names.toVendor(choice.function.name) } };
  }
  if (choice.type === 'allowed_tools') {
    const allowed = new Set([...toAllowedNames(choice)].map((name) => names.toVendor(name)));
    return {
      allowed: tools.filter((tool) => allowed.has(tool.name)),
      choice: { type: choice.allowed_tools.mode === 'required' ? 'any' : 'auto' },
    };
  }
  throw new AppError('unsupported', 'anthropic takes function tools alone, no custom ones.', { param: 'tool_choice' });
}

function toCalledNames({ messages }: ChatRequest): ReadonlySet<string> {
  const names = new Set<string>();
  for (const message of messages) {
    if (message.role !== 'assistant') continue;
    for (const call of message.tool_calls ?? []) if (call.type === 'function') names.add(call.function.name);
  }
  return names;
}
