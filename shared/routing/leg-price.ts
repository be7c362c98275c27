import type { LegConfig } from '../config/types.ts';
import type { ChatRequest } from '../contracts/chat-provider.ts';
import type { ModelCatalogue } from '../usage/catalogue.ts';
import { countPromptCharacters } from '../usage/characters.ts';
import { type BilledUsage, costOf } from '../usage/cost.ts';
import { measurePrompt } from './prompt-size.ts';

/** An answer of usual length. What a request allows is a ceiling, and answers seldom reach it. */
const USUAL_ANSWER_TOKENS = 500;
const CHARACTERS_PER_TOKEN = 4;

type PricedLeg = Pick<LegConfig, 'provider' | 'model' | 'maxTokens'>;

/**
 * What a request is likely to cost on a leg, in nano-dollars: its prompt, and an answer of 500 tokens or as many as it
 * may have. Null when the model has no known price. The prompt is measured once, when the first leg is asked about.
 */
export function createLegPrice(
  catalogue: Pick<ModelCatalogue, 'find'>,
  request: ChatRequest,
): (leg: PricedLeg) => number | null {
  let promptTokens: number | undefined;
  return ({ provider, model, maxTokens }) => {
    const info = catalogue.find(provider, model);
    if (info?.prices === undefined) return null;
    promptTokens ??= measurePrompt(request).tokens;
    const limit = request.max_completion_tokens ?? request.max_tokens ?? maxTokens ?? USUAL_ANSWER_TOKENS;
    const completionTokens = Math.min(limit, USUAL_ANSWER_TOKENS);
    const characters = info.prices.unit === 'characters' ? toCharacters(request, completionTokens) : {};
    return costOf({ info, usage: { promptTokens, completionTokens, ...characters } }).nanoUsd;
  };
}

/** Nothing when the prompt is not text alone: its price is not known then. */
function toCharacters(request: ChatRequest, completionTokens: number): Partial<BilledUsage> {
  const promptCharacters = countPromptCharacters(request);
  if (promptCharacters === undefined) return {};
  return { promptCharacters, completionCharacters: completionTokens * CHARACTERS_PER_TOKEN };
}
