import type Anthropic from '@anthropic-ai/sdk';
import type { ChatRequest } from '../contracts/chat-provider.ts';
import type { AnthropicModelTraits } from './anthropic-model.ts';

/** The vendor demands `max_tokens`; OpenAI's clients leave it out. */
const DEFAULT_MAX_TOKENS = 4096;
/** The vendor's own lower limit. */
const MIN_BUDGET_TOKENS = 1024;

/**
 * `reasoning_effort` as thinking tokens. They are the budget where the model takes one, and everywhere the room added to
 * the default `max_tokens`, which thinking counts against. A `max_tokens` of the caller is never raised: the budget
 * gives way to it, and thinking is left out when less than 1,024 tokens would remain.
 */
const THINKING_TOKENS = { low: 2048, medium: 8192, high: 16_384, xhigh: 24_576, max: 24_576 } as const;

type Effort = keyof typeof THINKING_TOKENS;

export interface ThinkingParams {
  readonly max_tokens: number;
  readonly thinking?: Anthropic.ThinkingConfigParam;
  readonly effort?: NonNullable<Anthropic.OutputConfig['effort']>;
}

interface ThinkingOptions {
  readonly request: ChatRequest;
  readonly traits: AnthropicModelTraits;
  /** The request demands a tool call, which budgets do not go with. */
  readonly isForced: boolean;
}

/**
 * Thinking, effort and the token limit they share.
 *
 * `none` and `minimal` turn thinking off, or down to the lowest effort where a model always thinks. Unset leaves the
 * model's own default, but for a demanded tool call: there a model that thinks by default is told not to.
 */
export function toThinkingParams({ request, traits, isForced }: ThinkingOptions): ThinkingParams {
  const limit = request.max_completion_tokens ?? request.max_tokens ?? undefined;
  const withoutThinking = { max_tokens: limit ?? DEFAULT_MAX_TOKENS };
  const effort = request.reasoning_effort;
  if (effort === undefined || effort === null) {
    const mustStop = isForced && traits.thinkingOff === 'disabled';
    return mustStop ? { ...withoutThinking, thinking: { type: 'disabled' } } : withoutThinking;
  }
  if (effort === 'none' || effort === 'minimal') return { ...withoutThinking, ...thinkingOff(traits) };
  // The vendor refuses to go on thinking after an assistant turn that called tools and lost its thinking blocks.
  if (traits.thinking === 'none' || (traits.thinkingOff === 'omit' && hasLostThinking(request))) return withoutThinking;
  if (traits.thinking === 'adaptive') {
    return {
      max_tokens: limit ?? DEFAULT_MAX_TOKENS + THINKING_TOKENS[effort],
      thinking: { type: 'adaptive', display: 'summarized' },
      effort: effort === 'xhigh' && !traits.extraHighEffort ? 'high' : effort,
    };
  }
  return isForced ? withoutThinking : withBudget(request.thinking_budget_tokens, effort, limit);
}

/** Whether the caller asked for thinking and the model has it. */
export function asksForThinking({ reasoning_effort: effort }: ChatRequest, traits: AnthropicModelTraits): boolean {
  return Boolean(effort) && effort !== 'none' && effort !== 'minimal' && traits.thinking !== 'none';
}

function thinkingOff({ thinking, thinkingOff: how }: AnthropicModelTraits): Partial<ThinkingParams> {
  if (thinking === 'none' || how === 'omit') return {};
  return how === 'never' ? { effort: 'low' } : { thinking: { type: how } };
}

/** @param given the caller's own budget, which is taken as it is where the limit leaves room for an answer. */
function withBudget(given: number | undefined, effort: Effort, limit: number | undefined): ThinkingParams {
  const wanted = given ?? THINKING_TOKENS[effort];
  if (limit === undefined) {
    return { max_tokens: DEFAULT_MAX_TOKENS + wanted, thinking: { type: 'enabled', budget_tokens: wanted } };
  }
  // A quarter of the limit stays for the answer itself.
  const most = given !== undefined && given < limit ? given : Math.floor(limit * 0.75);
  const budget = Math.min(wanted, most);
  if (budget < MIN_BUDGET_TOKENS) return { max_tokens: limit };
  return { max_tokens: limit, thinking: { type: 'enabled', budget_tokens: budget } };
}

function hasLostThinking({ messages }: ChatRequest): boolean {
  const last = messages.findLast((message) => message.role === 'assistant');
  return last?.role === 'assistant' && Boolean(last.tool_calls?.length) && !last.thinking_blocks?.length;
}
