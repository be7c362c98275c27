import type { SecretValue } from '../config/secret-value.ts';
import type { ProviderAccess } from '../config/types.ts';
import type { SecretSource } from '../contracts/secret-source.ts';
import type { AccessTokenSource } from '../security/access-token.ts';

/** Finds the key or token for a target at the moment it is called. */
export interface Credentials {
  /** Undefined where the target needs none. @throws AppError `configuration` when a secret cannot be had. */
  forProvider(access: Pick<ProviderAccess, 'provider' | 'apiKeys'>, signal: AbortSignal): Promise<string | undefined>;
  /**
   * A newer one after `refused` got a 401: keys rotate while instances keep running. Undefined when there is none.
   */
  renew(
    access: Pick<ProviderAccess, 'provider' | 'apiKeys'>,
    refused: string,
    signal: AbortSignal,
  ): Promise<string | undefined>;
  resolve(value: SecretValue, signal?: AbortSignal): Promise<string>;
}

export interface CredentialsOptions {
  readonly secrets: SecretSource;
  /** Access tokens of the service's own Google identity, for Vertex AI. */
  readonly accessTokens: AccessTokenSource;
}

export function createCredentials({ secrets, accessTokens }: CredentialsOptions): Credentials {
  const resolve = async (value: SecretValue, signal?: AbortSignal): Promise<string> =>
    'value' in value ? value.value : await secrets.get(value.secret, signal ? { signal } : {});
  return {
    resolve,
    async forProvider({ provider, apiKeys }, signal) {
      const [first] = apiKeys;
      if (first) return await resolve(first, signal);
      return provider === 'vertexai' ? await accessTokens.get() : undefined;
    },
    async renew({ provider, apiKeys }, refused, signal) {
      const [first] = apiKeys;
      let renewed: string | undefined;
      if (first === undefined && provider === 'vertexai') {
        accessTokens.drop(refused);
        renewed = await accessTokens.get();
      } else if (first !== undefined && 'secret' in first) {
        renewed = await secrets.get(first.secret, { refresh: true, signal });
      }
      return renewed === refused ? undefined : renewed;
    },
  };
}
