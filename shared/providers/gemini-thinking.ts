import type { ChatRequest } from '../contracts/chat-provider.ts';
import { type GeminiModelTraits, toModelTraits } from './gemini-model.ts';
import type { GeminiThinkingConfig } from './gemini-types.ts';

type Effort = NonNullable<ChatRequest['reasoning_effort']>;

/** Gemini 2.5: thinking tokens. The first four are Google's own for OpenAI clients. */
const BUDGETS: Readonly<Record<Effort, number>> = {
  none: 0,
  minimal: 1024,
  low: 1024,
  medium: 8192,
  high: 24_576,
  xhigh: 24_576,
  max: 24_576,
};
/** The Pro model of that generation cannot stop thinking, and may think longer. */
const PRO_BUDGETS: Readonly<Record<Effort, number>> = { ...BUDGETS, none: 128, xhigh: 32_768, max: 32_768 };

type Level = NonNullable<GeminiThinkingConfig['thinkingLevel']>;

/** From Gemini 3 on: a level. The smaller models have one below `LOW`, and none can stop thinking. */
const LEVELS: Readonly<Record<Effort, Level>> = {
  none: 'MINIMAL',
  minimal: 'MINIMAL',
  low: 'LOW',
  medium: 'MEDIUM',
  high: 'HIGH',
  xhigh: 'HIGH',
  max: 'HIGH',
};
const PRO_LEVELS: Readonly<Record<Effort, Level>> = { ...LEVELS, none: 'LOW', minimal: 'LOW' };
/** The first Gemini 3 Pro knows the two ends alone. */
const FIRST_PRO_LEVELS: Readonly<Record<Effort, Level>> = { ...PRO_LEVELS, medium: 'HIGH' };

/**
 * `reasoning_effort` in the model's own terms; undefined where it is unset, so that the model's default holds, and for a
 * model that does not think. Whoever asks for effort also gets the thoughts.
 */
export function toThinkingConfig(
  { reasoning_effort: effort, thinking_budget_tokens: budget }: ChatRequest,
  model: string,
  traits: GeminiModelTraits,
): GeminiThinkingConfig | undefined {
  if (effort === undefined || effort === null || traits.thinking === 'none') return undefined;
  const budgets = traits.isPro ? PRO_BUDGETS : BUDGETS;
  const depth: GeminiThinkingConfig =
    traits.thinking === 'budget'
      ? { thinkingBudget: budget === undefined ? budgets[effort] : Math.min(budget, budgets.max) }
      : { thinkingLevel: levels(model, traits)[effort] };
  return effort === 'none' ? depth : { includeThoughts: true, ...depth };
}

/** Whether effort is asked of a model that does not think. */
export function leavesOutEffort({ reasoning_effort: effort }: ChatRequest, model: string): boolean {
  return Boolean(effort) && effort !== 'none' && effort !== 'minimal' && toModelTraits(model).thinking === 'none';
}

function levels(model: string, { isPro }: GeminiModelTraits): Readonly<Record<Effort, Level>> {
  if (!isPro) return LEVELS;
  return /gemini-3(\.0)?-pro/i.test(model) ? FIRST_PRO_LEVELS : PRO_LEVELS;
}
