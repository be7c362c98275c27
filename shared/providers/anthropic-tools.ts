import type Anthropic from '@anthropic-ai/sdk';
import { AppError } from '../contracts/app-error.ts';
import type { ChatRequest } from '../contracts/chat-provider.ts';
import { toCacheControl } from './anthropic-content.ts';
import type { AnthropicModelTraits } from './anthropic-model.ts';
import { toStrictSchema } from './anthropic-schema.ts';

export interface ToolParams {
  readonly tools: Anthropic.Tool[];
  /** Absent: the vendor's default, which is `auto`. */
  readonly choice?: Anthropic.ToolChoice;
}

/**
 * Tool definitions and the choice among them. A conversation that holds calls but no definitions gets bare ones that
 * may not be called, because the vendor refuses calls of tools it does not know.
 *
 * @throws AppError `unsupported` for custom tools, and for a demanded call on a model that cannot be made to call.
 */
export function toToolParams(request: ChatRequest, traits: AnthropicModelTraits): ToolParams {
  const tools = (request.tools ?? []).map((tool, position) => toTool(tool, `tools[${position}]`, traits));
  if (tools.length === 0) {
    const called = toCalledTools(request);
    return called.length === 0 ? { tools } : { tools: called, choice: { type: 'none' } };
  }
  const { allowed, choice } = toChoice(request, tools);
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
): Anthropic.Tool {
  if (tool.type !== 'function') {
    throw new AppError('unsupported', 'anthropic takes function tools alone, no custom ones.', { param: path });
  }
  const { name, description, parameters, strict } = tool.function;
  const isStrict = strict === true && traits.structuredOutput;
  const marker = { ...toCacheControl(tool.function), ...toCacheControl(tool) };
  return {
    name,
    ...(description ? { description } : {}),
    input_schema: toInputSchema(isStrict && parameters ? toStrictSchema(parameters) : parameters),
    ...(isStrict ? { strict: true } : {}),
    ...marker,
  };
}

/** The schema of a tool's input, which the vendor wants to be an object's. */
export function toInputSchema(schema: Record<string, unknown> | undefined): Anthropic.Tool.InputSchema {
  if (!schema) return { type: 'object', properties: {} };
  return schema.type === 'object' ? (schema as Anthropic.Tool.InputSchema) : { ...schema, type: 'object' };
}

function toChoice(
  { tool_choice: choice }: ChatRequest,
  tools: Anthropic.Tool[],
): { allowed: Anthropic.Tool[]; choice?: Anthropic.ToolChoice } {
  if (choice === undefined || choice === null) return { allowed: tools };
  if (typeof choice === 'string') {
    return { allowed: tools, choice: { type: choice === 'required' ? 'any' : choice } };
  }
  if (choice.type === 'function') {
    return { allowed: tools, choice: { type: 'tool', name: choice.function.name } };
  }
  if (choice.type === 'allowed_tools') {
    const names = new Set(choice.allowed_tools.tools.map((tool) => (tool.function as { name?: unknown })?.name));
    return {
      allowed: tools.filter((tool) => names.has(tool.name)),
      choice: { type: choice.allowed_tools.mode === 'required' ? 'any' : 'auto' },
    };
  }
  throw new AppError('unsupported', 'anthropic takes function tools alone, no custom ones.', { param: 'tool_choice' });
}

function toCalledTools({ messages }: ChatRequest): Anthropic.Tool[] {
  const names = new Set<string>();
  for (const message of messages) {
    if (message.role !== 'assistant') continue;
    for (const call of message.tool_calls ?? []) if (call.type === 'function') names.add(call.function.name);
  }
  return [...names].map((name) => ({ name, input_schema: { type: 'object' } }));
}
