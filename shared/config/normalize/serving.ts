import type { ProviderName } from '../names.ts';
import type { ServingInput } from '../schema/common.ts';
import type { ServingConfig } from '../types.ts';
import type { NormalizeContext } from './context.ts';

/** How Ollama is to load the model. Other providers have nothing of the kind, so it is a problem there. */
export function normalizeServing(
  {
    written,
    provider,
    path,
  }: { readonly written: ServingInput; readonly provider: ProviderName; readonly path: string },
  { problems }: NormalizeContext,
): ServingConfig {
  const { keep_alive: keepAlive, num_ctx: contextLength } = written;
  if (provider !== 'ollama') {
    if (keepAlive !== undefined) problems.add(`${path}.keep_alive`, `goes with ollama alone, not with ${provider}`);
    if (contextLength !== undefined) problems.add(`${path}.num_ctx`, `goes with ollama alone, not with ${provider}`);
    return {};
  }
  return {
    ...(keepAlive === undefined ? {} : { keepAlive }),
    ...(contextLength === undefined ? {} : { contextLength }),
  };
}
