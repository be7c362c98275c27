import type Anthropic from '@anthropic-ai/sdk';
import { AppError } from '../contracts/app-error.ts';
import type { ChatRequest } from '../contracts/chat-provider.ts';
import { toConversation } from './anthropic-messages.ts';
import { type AnthropicModelTraits, toModelTraits } from './anthropic-model.ts';
import { toStructuredParams } from './anthropic-structured.ts';
import { asksForThinking, type ThinkingParams, toThinkingParams } from './anthropic-thinking.ts';
import { toToolNames, toToolParams } from './anthropic-tools.ts';

/** The SDK's types follow a newer version of the API, which has dropped sampling; ours is 2023-06-01. */
export type MessagesBody = Anthropic.MessageCreateParamsNonStreaming & {
  temperature?: number;
  top_p?: number;
};

export interface MessagesRequest {
  readonly body: MessagesBody;
  /** The tool whose input is to be read as the answer's text. */
  readonly responseTool?: string;
  /** Tools that had to be sent under other names: the caller's names by those. */
  readonly toolNames?: ReadonlyMap<string, string>;
  /** Parameters that gave way to the model's limits or to thinking. */
  readonly dropped: readonly string[];
}

/**
 * An OpenAI request as Messages parameters (https://platform.claude.com/docs/en/api/messages). Never mutates it.
 *
 * @throws AppError `unsupported`, naming the parameter, for what cannot be asked of this model.
 */
export function toMessagesRequest(request: ChatRequest, model: string): MessagesRequest {
  refuseUnsupported(request);
  const traits = toModelTraits(model);
  const names = toToolNames(request);
  const { system, messages } = toConversation(request.messages, names);
  const isThinking = asksForThinking(request, traits);
  const toolParams = toToolParams(request, traits, names);
  const { tools, choice, format, instruction, responseTool } = toStructuredParams({
    request,
    traits,
    toolParams,
    isThinking,
  });
  const isForced = choice?.type === 'any' || choice?.type === 'tool';
  const thinking = toThinkingParams({ request, traits, isForced });
  const userId = request.metadata?.user_id ?? request.safety_identifier ?? request.user;
  const outputConfig = { ...(thinking.effort ? { effort: thinking.effort } : {}), ...(format ? { format } : {}) };
  const body: MessagesBody = {
    model,
    max_tokens: thinking.max_tokens,
    messages,
    ...toSystem(system, instruction),
    ...(tools.length > 0 ? { tools } : {}),
    ...(choice ? { tool_choice: choice } : {}),
    ...(thinking.thinking ? { thinking: thinking.thinking } : {}),
    ...(Object.keys(outputConfig).length > 0 ? { output_config: outputConfig } : {}),
    ...toSampling(request, traits, thinking),
    ...toStop(request.stop),
    ...(userId ? { metadata: { user_id: userId } } : {}),
  };
  return {
    body,
    dropped: toDropped(request, body, isThinking),
    ...(responseTool ? { responseTool } : {}),
    ...(names.changed.size > 0 ? { toolNames: names.changed } : {}),
  };
}

/** What the caller set and the body does not say, where the vendor's default answers the same question. */
function toDropped(request: ChatRequest, body: MessagesBody, isThinking: boolean): readonly string[] {
  const dropped: string[] = [];
  const effort = request.reasoning_effort;
  const wantsEffort = Boolean(effort) && effort !== 'none' && effort !== 'minimal';
  if (wantsEffort && !body.thinking && !body.output_config?.effort) dropped.push('reasoning_effort');
  if (!isThinking) return dropped;
  for (const param of ['temperature', 'top_p'] as const) {
    const value = request[param];
    if (value !== undefined && value !== null && value !== 1 && body[param] === undefined) dropped.push(param);
  }
  return dropped;
}

/** What the caller of an adapter keeps away by its capabilities; said here for whoever calls it without. */
function refuseUnsupported({ n, logprobs, audio }: ChatRequest): void {
  const param = n && n > 1 ? 'n' : logprobs ? 'logprobs' : audio ? 'audio' : undefined;
  if (param) throw new AppError('unsupported', `anthropic has no equivalent of ${param}; leave it out.`, { param });
}

function toSystem(
  system: string | Anthropic.TextBlockParam[] | undefined,
  instruction: string | undefined,
): Pick<MessagesBody, 'system'> {
  if (instruction === undefined) return system === undefined ? {} : { system };
  if (system === undefined) return { system: instruction };
  return {
    system:
      typeof system === 'string' ? `${system}\n\n${instruction}` : [...system, { type: 'text', text: instruction }],
  };
}

/**
 * Sampling, by what the model takes. A budget for thinking goes with no temperature but 1 and with `top_p` from 0.95
 * on, so there the caller's values give way to the thinking they asked for. A `top_p` of 1 is what unset means.
 */
function toSampling(
  { temperature, top_p: topP }: ChatRequest,
  traits: AnthropicModelTraits,
  { thinking }: ThinkingParams,
): Pick<MessagesBody, 'temperature' | 'top_p'> {
  const hasTemperature = temperature !== undefined && temperature !== null;
  const hasTopP = topP !== undefined && topP !== null && topP !== 1;
  if (hasTemperature && temperature > 1) {
    throw new AppError('unsupported', 'anthropic takes a temperature from 0 to 1.', { param: 'temperature' });
  }
  if (traits.sampling === 'none') {
    const param = hasTemperature && temperature !== 1 ? 'temperature' : hasTopP ? 'top_p' : undefined;
    if (param === undefined) return {};
    throw new AppError('unsupported', `This model takes no ${param}: leave it out.`, { param });
  }
  if (thinking?.type === 'enabled' || thinking?.type === 'adaptive') {
    return {
      ...(hasTemperature && temperature === 1 ? { temperature } : hasTopP && topP >= 0.95 ? { top_p: topP } : {}),
    };
  }
  if (traits.sampling === 'one' && hasTemperature && hasTopP) {
    throw new AppError('unsupported', 'This model takes temperature or top_p, not both: leave one out.', {
      param: 'top_p',
    });
  }
  return { ...(hasTemperature ? { temperature } : {}), ...(hasTopP ? { top_p: topP } : {}) };
}

/** A sequence of white space is refused by the vendor, and without it the answer would run on: so it is refused here. */
function toStop(stop: ChatRequest['stop']): Pick<MessagesBody, 'stop_sequences'> {
  const sequences = (typeof stop === 'string' ? [stop] : (stop ?? [])).filter((sequence) => sequence !== '');
  if (sequences.some((sequence) => sequence.trim() === '')) {
    throw new AppError('unsupported', 'anthropic takes no stop sequence of white space alone.', { param: 'stop' });
  }
  return sequences.length > 0 ? { stop_sequences: sequences } : {};
}
