import type Anthropic from '@anthropic-ai/sdk';
import { AppError } from '../contracts/app-error.ts';
import type { ChatRequest } from '../contracts/chat-provider.ts';
import type { AnthropicModelTraits } from './anthropic-model.ts';
import { toStrictSchema } from './anthropic-schema.ts';
import { type ToolParams, toInputSchema } from './anthropic-tools.ts';

export interface StructuredParams extends ToolParams {
  readonly format?: Anthropic.JSONOutputFormat;
  /** Said to the model after the caller's own system messages. */
  readonly instruction?: string;
  /** The tool whose input is the answer's text; its calls are not the caller's. */
  readonly responseTool?: string;
}

const JSON_INSTRUCTION = 'Answer with one JSON object and nothing else: no prose and no code fence.';

/**
 * `response_format` in the vendor's terms, decided with the caller's tools:
 *
 * - `json_object` is an instruction, since the vendor has no such mode and a tool without a schema invites `{}`.
 * - `json_schema` alone is a tool with that schema which the model must call; its input becomes the answer's text. It
 *   takes any JSON schema and works on every model.
 * - `json_schema` beside tools or thinking, or on a model that cannot be made to call, is `output_config.format`.
 * - Before that existed, the model is made to call either a tool of the caller's or the answering one.
 * - Where the caller demands a call, the turn ends in that call and there is no text to give a form to.
 *
 * @throws AppError `invalid_request` for a schema whose root is not an object.
 */
export function toStructuredParams({
  request,
  traits,
  toolParams,
  isThinking,
}: {
  readonly request: ChatRequest;
  readonly traits: AnthropicModelTraits;
  readonly toolParams: ToolParams;
  readonly isThinking: boolean;
}): StructuredParams {
  const format = request.response_format;
  if (format?.type === 'json_object') return { ...toolParams, instruction: JSON_INSTRUCTION };
  if (format?.type !== 'json_schema') return toolParams;
  const { name, description, schema = {}, strict } = format.json_schema;
  if (schema.type !== undefined && schema.type !== 'object') {
    throw new AppError('invalid_request', 'The root of a response schema must have the type object.', {
      param: 'response_format.json_schema.schema',
    });
  }
  const { tools, choice } = toolParams;
  const mayCall = tools.length > 0 && choice?.type !== 'none';
  if (traits.structuredOutput && (mayCall || isThinking || !traits.forcedTools)) {
    return { ...toolParams, format: { type: 'json_schema', schema: toStrictSchema(toInputSchema(schema)) } };
  }
  if (choice?.type === 'any' || choice?.type === 'tool') return toolParams;
  const isStrict = strict === true && traits.structuredOutput;
  const tool: Anthropic.Tool = {
    name: toFreeName(name, tools),
    description: description ?? 'Gives the final answer to the user in its required form.',
    input_schema: toInputSchema(isStrict ? toStrictSchema(toInputSchema(schema)) : schema),
    ...(isStrict ? { strict: true } : {}),
  };
  const isSerial = !mayCall || request.parallel_tool_calls === false;
  return {
    tools: [...tools, tool],
    choice: {
      ...(mayCall ? { type: 'any' } : { type: 'tool', name: tool.name }),
      ...(isSerial ? { disable_parallel_tool_use: true } : {}),
    },
    responseTool: tool.name,
  };
}

function toFreeName(name: string, tools: readonly Anthropic.Tool[]): string {
  let free = name;
  while (tools.some((tool) => tool.name === free)) free = `${free}_answer`;
  return free;
}
