import type { SecretValue } from '../config/secret-value.ts';
import type { ProviderAccess } from '../config/types.ts';
import type { SecretSource } from '../contracts/secret-source.ts';

/** Finds the key or token for a target at the moment it is called. */
export interface Credentials {
  /** Undefined where the target needs none. @throws AppError `configuration` when a secret cannot be had. */
  forProvider(access: Pick<ProviderAccess, 'provider' | 'apiKeys'>, signal: AbortSignal): Promise<string | undefined>;
  resolve(value: SecretValue, signal?: AbortSignal): Promise<string>;
}

export interface CredentialsOptions {
  readonly secrets: SecretSource;
  /** Access token of the service's own Google identity, for Vertex AI. */
  readonly accessToken: () => Promise<string>;
}

export function createCredentials({ secrets, accessToken }: CredentialsOptions): Credentials {
  const resolve = async (value: SecretValue, signal?: AbortSignal): Promise<string> =>
    'value' in value ? value.value : await secrets.get(value.secret, signal ? { signal } : {});
  return {
    resolve,
    async forProvider({ provider, apiKeys }, signal) {
      const [first] = apiKeys;
      if (first) return await resolve(first, signal);
      return provider === 'vertexai' ? await accessToken() : undefined;
    },
  };
}
