import type { ChatCapabilities } from '../contracts/chat-provider.ts';
import type { ModelInfo } from '../usage/catalogue/model-info.ts';
import { parameterRulesOf } from './model-parameters.ts';

/** Providers whose adapter sends a JSON schema to the model as it is; the others have a way around. */
const NATIVE_SCHEMA: ReadonlySet<string> = new Set(['openai']);

/**
 * What one model of a provider can do: the provider's abilities less what the catalogue and the table of parameters know
 * the model lacks. Where nothing is known, nothing is taken away: the upstream will say.
 */
export function narrowCapabilities(
  capabilities: ChatCapabilities,
  target: { readonly provider: string; readonly model: string },
  info: Pick<ModelInfo, 'capabilities'> | undefined,
): ChatCapabilities {
  const rules = parameterRulesOf(target.provider, target.model);
  if (!info) return { ...capabilities, parameters: { ...capabilities.parameters, ...rules } };
  const model = info.capabilities;
  return {
    ...capabilities,
    tools: capabilities.tools && model.tools !== false,
    imageInput: capabilities.imageInput && model.imageInput !== false,
    jsonSchema: capabilities.jsonSchema && !(NATIVE_SCHEMA.has(target.provider) && model.structuredOutput === false),
    reasoning: capabilities.reasoning && model.reasoning !== false,
    parameters: {
      ...capabilities.parameters,
      ...rules,
      // A model that does not think answers the same, and one with a fixed temperature refuses any.
      ...(model.reasoning === false ? { reasoning_effort: 'drop' as const } : {}),
      ...(model.temperature === false ? { temperature: 'drop' as const, top_p: 'drop' as const } : {}),
    },
  };
}
