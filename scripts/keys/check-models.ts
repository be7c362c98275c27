import { createModelsService } from '../../shared/app/models-service.ts';
import { nearest } from '../../shared/config/nearest.ts';
import type { SluiceConfig } from '../../shared/config/types.ts';
import { toAppError } from '../../shared/contracts/app-error.ts';
import { resolveModel } from '../../shared/routing/resolve-model.ts';
import { createCatalogue } from '../../shared/usage/catalogue.ts';

/**
 * What is wrong with a name under `--models`, as far as the configuration can tell; undefined when a request may name it.
 * Legs that this machine has no key for count: the service may have one.
 */
export function createModelCheck(config: SluiceConfig): (name: string) => string | undefined {
  const catalogue = createCatalogue({ overrides: config.prices });
  const providersOf = (model: string) => catalogue.findByName(model).map(({ provider }) => provider);
  const listed = createModelsService(config, catalogue, new Date(0)).list({ tenant: null });
  const known = listed.data.map(({ id }) => id);
  const disabled = config.agents.flatMap(({ disabledLegs }) => disabledLegs);
  const isDisabled = (name: string): boolean =>
    disabled.some(({ provider, model }) => name === model || name.startsWith(`${provider}/`));

  return (name) => {
    if (known.includes(name) || name === config.embeddings?.model || isDisabled(name)) return undefined;
    try {
      resolveModel(config, name, providersOf);
      return undefined;
    } catch (error) {
      if (toAppError(error).code !== 'model_not_found') return toAppError(error).message;
      const meant = nearest(name, known);
      return (
        `knows no ${name} in ${config.source}${meant === undefined ? '.' : `; did you mean ${meant}?`} There are ` +
        `${known.join(', ')}, and any model of a configured provider as provider/model`
      );
    }
  };
}
