import { AppError } from '../contracts/app-error.ts';
import type { SecretSource } from '../contracts/secret-source.ts';
import { isBareName } from './secret-name.ts';

export interface EnvironmentSecretsOptions {
  /** The environment, as read by the configuration. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Secrets from environment variables, where there is no Secret Manager: the secret `openai-api-key` is the variable
 * `OPENAI_API_KEY`.
 */
export function createEnvironmentSecrets({ environment }: EnvironmentSecretsOptions): SecretSource {
  return {
    id: 'environment',
    async get(reference) {
      if (!isBareName(reference)) {
        throw new AppError(
          'configuration',
          `The secret "${reference}" is not a bare name, so it cannot come from the environment. ` +
            'Use Secret Manager, or a name of letters, digits, "-" and "_".',
        );
      }
      const variable = toVariableName(reference);
      const value = Object.hasOwn(environment, variable) ? environment[variable] : undefined;
      const secret = value?.replace(/\r?\n$/, '');
      if (secret === undefined || secret === '') {
        throw new AppError(
          'configuration',
          `The secret "${reference}" is not there: set the environment variable ${variable}, or create the secret in Secret Manager.`,
        );
      }
      return secret;
    },
    async close() {},
  };
}

/** The environment variable that stands for a bare secret name. */
export function toVariableName(secret: string): string {
  return secret.replaceAll('-', '_').toUpperCase();
}
