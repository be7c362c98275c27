import { CREDENTIALS } from './credentials.ts';
import { type Environment, firstSet, projectId } from './environment.ts';
import { PROVIDER_NAMES, type ProviderName } from './names.ts';

/** The one model of the `local` provider: it answers with sentences of the retrieved context. */
export const LOCAL_MODEL = 'extractive';

/**
 * The provider a model name stands for when the file names none: `provider/model`, or the vendor's own naming.
 * Undefined when the name could be anybody's.
 */
export function inferProvider(
  model: string,
  environment: Environment,
): { readonly provider: ProviderName; readonly model: string } | undefined {
  const slash = model.indexOf('/');
  const prefix = PROVIDER_NAMES.find((provider) => provider === model.slice(0, Math.max(slash, 0)));
  if (prefix !== undefined) return { provider: prefix, model: model.slice(slash + 1) };
  if (model === 'local') return { provider: 'local', model: LOCAL_MODEL };
  // Open-weight models share OpenAI's prefix but are not served by it.
  if (/^gpt-oss/.test(model) || slash !== -1) return undefined;
  if (/^(?:gpt-|chatgpt-|ft:gpt-|o[134](?:-|$))/.test(model)) return { provider: 'openai', model };
  if (/^claude-/.test(model)) return { provider: 'anthropic', model };
  if (/^grok-/.test(model)) return { provider: 'xai', model };
  if (/^gemini-/.test(model)) return { provider: geminiProvider(environment), model };
  return undefined;
}

/** Gemini models are taken from Vertex AI unless only the Gemini API can be reached. */
function geminiProvider(environment: Environment): ProviderName {
  const onlyKey =
    projectId(environment) === undefined && firstSet(environment, CREDENTIALS.gemini.variables) !== undefined;
  return onlyKey ? 'gemini' : 'vertexai';
}
