import type { Environment } from '../config/environment.ts';
import { AppError } from '../contracts/app-error.ts';
import type { SecretSource } from '../contracts/secret-source.ts';
import { createEnvironmentSecrets, toVariableName } from './environment-secrets.ts';
import type { SecretManagerOptions } from './secret-manager.ts';
import { isBareName } from './secret-name.ts';

export interface SecretsOptions extends Omit<SecretManagerOptions, 'projectId'> {
  readonly environment: Environment;
  /** The Google Cloud project, when it is known. */
  readonly projectId?: string | undefined;
}

/**
 * Where keys come from: a bare name first from the environment variable named after it, as on a development machine;
 * everything else from Secret Manager. `SLUICE_SECRETS=environment` keeps Secret Manager out of it, for machines that
 * know a project but should call nothing there.
 */
export function createSecrets({ environment, projectId, ...options }: SecretsOptions): SecretSource {
  const variables = createEnvironmentSecrets({ environment });
  if (environment.SLUICE_SECRETS === 'environment') return variables;
  let manager: Promise<SecretSource> | undefined;
  // Loaded for the first secret: a service that has none never asks.
  const openManager = (): Promise<SecretSource> => {
    manager ??= import('./secret-manager.ts').then(({ createSecretManagerSecrets }) =>
      createSecretManagerSecrets({ ...options, ...(projectId === undefined ? {} : { projectId }) }),
    );
    return manager;
  };
  return {
    id: 'environment, secret-manager',
    async get(reference, callOptions) {
      if (!isBareName(reference)) return await (await openManager()).get(reference, callOptions);
      const variable = toVariableName(reference);
      if ((environment[variable] ?? '') !== '') return await variables.get(reference, callOptions);
      if (projectId !== undefined) return await (await openManager()).get(reference, callOptions);
      throw new AppError(
        'configuration',
        `The secret "${reference}" is not there: set the environment variable ${variable}, or set GOOGLE_CLOUD_PROJECT ` +
          'so that it is read from Secret Manager.',
      );
    },
    close: async () => await (await manager)?.close(),
  };
}
