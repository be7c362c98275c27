import type { LegConfig } from '../../config/types.ts';
import type { ModelCatalogue } from '../../usage/catalogue.ts';

/** Tokens of prompt and answer a leg has room for: the model's, or less where it is loaded with less. Undefined when not known. */
export function windowOf(
  { provider, model, contextLength }: Pick<LegConfig, 'provider' | 'model' | 'contextLength'>,
  catalogue: Pick<ModelCatalogue, 'find'>,
): number | undefined {
  const window = catalogue.find(provider, model)?.contextWindow;
  if (window === undefined || contextLength === undefined) return window ?? contextLength;
  return Math.min(window, contextLength);
}
