import type { ProviderName } from '../names.ts';
import type { Problems } from '../problems.ts';

/** Vendors whose model names have at most one slash; the name becomes part of a path or of a repository id there. */
const ONE_SLASH: ReadonlySet<ProviderName> = new Set([
  'anthropic',
  'gemini',
  'vertexai',
  'xai',
  'huggingface',
  'local',
]);

/** Checks a model's name against what its provider can mean by it. */
export function checkModel({
  provider,
  model,
  path,
  problems,
}: {
  provider: ProviderName;
  model: string;
  path: string;
  problems: Problems;
}): void {
  if (ONE_SLASH.has(provider) && model.split('/').length > 2) {
    problems.add(path, `is not a model name of ${provider}: it holds more than one slash`);
  }
  if (provider === 'xai' && !model.startsWith('grok-')) {
    problems.warn(path, `${model} does not look like a model of xAI (grok-...); it is sent to api.x.ai as written`);
  }
}
