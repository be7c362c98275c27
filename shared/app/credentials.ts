import type { SecretValue } from '../config/secret-value.ts';
import type { SecretSource } from '../contracts/secret-source.ts';
import { untilAborted } from '../resilience/until-aborted.ts';
import type { AccessTokenSource } from '../security/access-token.ts';
import { type IdTokenSource, type IdTokenTarget, toIdTokenAudience } from '../security/id-token.ts';

/** A chat leg or an embedding model, as far as its credential is concerned. */
export type CredentialTarget = IdTokenTarget & { readonly apiKeys: readonly SecretValue[] };

/** Finds the key or token for a target at the moment it is called. */
export interface Credentials {
  /**
   * The first key, else a token of the service's own; undefined where the target needs none.
   * @throws AppError `configuration` when a secret or token cannot be had, or what its source could not be reached with.
   */
  forProvider(target: CredentialTarget, signal?: AbortSignal): Promise<string | undefined>;
  /**
   * A newer one after `refused` got a 401: keys rotate while instances keep running. Undefined when there is none.
   */
  renew(target: CredentialTarget, refused: string, signal?: AbortSignal): Promise<string | undefined>;
  resolve(value: SecretValue, signal?: AbortSignal): Promise<string>;
}

export interface CredentialsOptions {
  readonly secrets: SecretSource;
  /** Access tokens of the service's own Google identity, for Vertex AI. */
  readonly accessTokens: AccessTokenSource;
  /** ID tokens of the same identity, for private services on Cloud Run. */
  readonly idTokens: IdTokenSource;
}

export function createCredentials({ secrets, accessTokens, idTokens }: CredentialsOptions): Credentials {
  const resolve = async (value: SecretValue, signal?: AbortSignal): Promise<string> =>
    'value' in value ? value.value : await secrets.get(value.secret, signal ? { signal } : {});

  /** The service's own tokens, for targets without a key. */
  const tokensFor = (target: CredentialTarget): AccessTokenSource | undefined => {
    const audience = toIdTokenAudience(target);
    if (audience !== undefined) {
      return { get: () => idTokens.get(audience), drop: (token) => idTokens.drop(audience, token) };
    }
    return target.provider === 'vertexai' && target.apiKeys.length === 0 ? accessTokens : undefined;
  };

  return {
    resolve,
    async forProvider(target, signal) {
      const [key] = target.apiKeys;
      if (key) return await resolve(key, signal);
      const tokens = tokensFor(target);
      return tokens && (await untilAborted(tokens.get(), signal));
    },
    async renew(target, refused, signal) {
      const [key] = target.apiKeys;
      if (key) {
        if (!('secret' in key)) return undefined;
        // Of many requests refused at once, the first one's refresh serves all.
        const known = await resolve(key, signal);
        if (known !== refused) return known;
        const renewed = await secrets.get(key.secret, { refresh: true, ...(signal ? { signal } : {}) });
        return renewed === refused ? undefined : renewed;
      }
      const tokens = tokensFor(target);
      if (!tokens) return undefined;
      tokens.drop(refused);
      const renewed = await untilAborted(tokens.get(), signal);
      return renewed === refused ? undefined : renewed;
    },
  };
}
