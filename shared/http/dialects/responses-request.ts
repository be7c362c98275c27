import { AppError } from '../../contracts/app-error.ts';
import type { ChatBody } from '../schemas/chat-schema.ts';
import type { ResponsesBody, ResponsesTool } from '../schemas/responses-schema.ts';
import { toMessages } from './responses-input.ts';
import { refuseUnsupported } from './responses-refusals.ts';

/**
 * A request of the Responses API as one of Chat Completions. `metadata` belongs to the stored response and goes no
 * further than our answer; `include` decides about log probabilities alone, since reasoning always travels whole.
 *
 * @throws AppError `unsupported` and `invalid_request`, naming the field and what to send instead.
 */
export function toChatBody(body: ResponsesBody): ChatBody {
  refuseUnsupported(body);
  const wantsLogprobs = (body.top_logprobs ?? 0) > 0 || body.include?.includes('message.output_text.logprobs') === true;
  return withoutUnset({
    model: body.model,
    messages: toMessages(body),
    stream: body.stream,
    tools: body.tools?.map(toChatTool),
    tool_choice: toChatToolChoice(body.tool_choice),
    parallel_tool_calls: body.parallel_tool_calls,
    response_format: toResponseFormat(body.text?.format),
    verbosity: body.text?.verbosity,
    reasoning_effort: body.reasoning?.effort,
    temperature: body.temperature,
    top_p: body.top_p,
    max_completion_tokens: body.max_output_tokens,
    ...(wantsLogprobs ? { logprobs: true, top_logprobs: body.top_logprobs } : {}),
    user: body.user,
    safety_identifier: body.safety_identifier,
    prompt_cache_key: body.prompt_cache_key,
    prompt_cache_retention: body.prompt_cache_retention,
    service_tier: body.service_tier,
    sluice: body.sluice,
  });
}

function toChatTool(tool: ResponsesTool, index: number): NonNullable<ChatBody['tools']>[number] {
  switch (tool.type) {
    case 'function': {
      const { type, ...definition } = tool;
      return { type, function: definition };
    }
    case 'custom': {
      const { type, name, description, format } = tool;
      return {
        type,
        custom: { name, ...(description ? { description } : {}), ...(format ? toChatFormat(format) : {}) },
      };
    }
    case 'google_search':
      return tool;
    default:
      throw new AppError('unsupported', `The tool \`${tool.type}\` is not offered here.`, { param: `tools[${index}]` });
  }
}

function toChatFormat(format: NonNullable<Extract<ResponsesTool, { type: 'custom' }>['format']>): { format: unknown } {
  if (format.type === 'text') return { format };
  const { type, ...grammar } = format;
  return { format: { type, grammar } };
}

function toChatToolChoice(choice: ResponsesBody['tool_choice']): ChatBody['tool_choice'] {
  if (typeof choice !== 'object' || choice === null) return choice;
  switch (choice.type) {
    case 'function':
      return { type: 'function', function: { name: choice.name } };
    case 'custom':
      return { type: 'custom', custom: { name: choice.name } };
    case 'allowed_tools': {
      const tools = choice.tools.map(({ type, name, ...rest }) =>
        name === undefined ? { type, ...rest } : { type, [type]: { name } },
      );
      return { type: 'allowed_tools', allowed_tools: { mode: choice.mode, tools } };
    }
    default:
      throw new AppError('unsupported', `The tool \`${choice.type}\` is not offered here.`, { param: 'tool_choice' });
  }
}

function toResponseFormat(format: NonNullable<ResponsesBody['text']>['format']): ChatBody['response_format'] {
  if (format?.type !== 'json_schema') return format;
  const { type, ...schema } = format;
  return { type, json_schema: schema };
}

type Unset<Body> = { [Field in keyof Body]: Body[Field] | null | undefined };

function withoutUnset(body: Unset<ChatBody>): ChatBody {
  return Object.fromEntries(
    Object.entries(body).filter(([, value]) => value !== null && value !== undefined),
  ) as unknown as ChatBody;
}
