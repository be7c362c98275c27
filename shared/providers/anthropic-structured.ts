import type Anthropic from '@anthropic-ai/sdk';
import { AppError } from '../contracts/app-error.ts';
import type { ChatRequest } from '../contracts/chat-provider.ts';
import type { AnthropicModelTraits } from './anthropic-model.ts';
import { toInputSchema } from './anthropic-root-schema.ts';
import { hasOpenObjects, toStrictSchema } from './anthropic-schema.ts';
import type { ToolParams } from './anthropic-tools.ts';

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
 * - `json_object`, and a schema that is left out, is an instruction, since the vendor has no such mode and a tool without
 *   a schema invites `{}`.
 * - `json_schema` alone is a tool with that schema which the model must call; its input becomes the answer's text. It
 *   takes any JSON schema and works on every model.
 * - `json_schema` beside tools or thinking, or on a model that cannot be made to call, is `output_config.format`.
 * - Before that existed, and for objects with keys of the model's choosing, which that format would close, the model is
 *   made to call either a tool of the caller's or the answering one.
 * - Where the caller demands a call, the turn ends in that call and there is no text to give a form to.
 *
 * @throws AppError `unsupported` for a schema that allows no object, and for open objects where neither way is there.
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
  if (format?.type !== 'json_object' && format?.type !== 'json_schema') return toolParams;
  if (format.type === 'json_object' || Object.keys(format.json_schema.schema ?? {}).length === 0) {
    return { ...toolParams, instruction: JSON_INSTRUCTION };
  }
  const { name, description, schema, strict } = format.json_schema;
  const input = toInputSchema(schema, 'response_format.json_schema.schema');
  const takesStrict = traits.structuredOutput && !hasOpenObjects(schema);
  const { tools, choice } = toolParams;
  const mayCall = tools.length > 0 && choice?.type !== 'none';
  if (takesStrict && (mayCall || isThinking || !traits.forcedTools)) {
    return { ...toolParams, format: { type: 'json_schema', schema: toStrictSchema(input) } };
  }
  if (choice?.type === 'any' || choice?.type === 'tool') return toolParams;
  if (!traits.forcedTools) {
    throw new AppError('unsupported', 'This model gives JSON of closed objects alone: name all properties.', {
      param: 'response_format',
    });
  }
  const isStrict = strict === true && takesStrict;
  const tool: Anthropic.Tool = {
    name: toFreeName(name, tools),
    description: description ?? 'Gives the final answer to the user in its required form.',
    input_schema: isStrict ? { ...toStrictSchema(input), type: 'object' } : input,
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
