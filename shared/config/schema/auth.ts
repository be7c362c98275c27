import { AUTH_MODES, FUNCTION_NAMES, KEY_STORE_NAMES, TENANT_SOURCES } from '../names.ts';
import { matching, name, number, secret, text, wholeNumber } from './common.ts';
import { block, type Infer, list, oneOf } from './schema.ts';
import { collectionName } from './vectorstore.ts';

/** What a caller may do, whatever it is known by. */
const grants = () => ({
  tenant: matching(/^[^/\s]{1,128}$/, 'must be 1 to 128 characters without spaces and slashes').optional(),
  models: list(text, 'must name at least one model').optional(),
  functions: list(oneOf(FUNCTION_NAMES), 'must name at least one function').optional(),
  requests_per_minute: wholeNumber().optional(),
  tokens_per_minute: wholeNumber().optional(),
  daily_budget_usd: number({ above: 0 }).optional(),
});

const key = () =>
  block({
    name,
    key: secret.optional(),
    key_sha256: matching(/^[0-9a-fA-F]{64}$/, 'must be the SHA-256 of the key as 64 hexadecimal digits').optional(),
    ...grants(),
    expires: matching(
      /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/,
      'must be a date (2027-01-31) or a time with its zone (2027-01-31T12:00:00Z)',
    ).optional(),
  });
export type AuthKeyInput = Infer<ReturnType<typeof key>>;

const identity = () =>
  block({
    identity: matching(
      /^(?:[^\s@/*]{1,128}@|\*@)[A-Za-z0-9.-]{1,128}$|^\d{6,32}$/,
      'must be an e-mail address, all of a domain (*@example.com), or the number of an account',
    ),
    ...grants(),
  });
export type IdentityInput = Infer<ReturnType<typeof identity>>;

export const auth = () =>
  block({
    mode: oneOf(AUTH_MODES).optional(),
    keys: list(key()).optional(),
    store: oneOf(KEY_STORE_NAMES).optional(),
    keys_collection: collectionName.optional(),
    identities: list(identity()).optional(),
    tenant_from: oneOf(TENANT_SOURCES).optional(),
    iap_audiences: list(
      matching(
        /^\/projects\/[\w/-]{1,256}$/,
        'must be what IAP shows as the audience, such as /projects/123/global/backendServices/456',
      ),
    ).optional(),
    hosts: list(
      matching(
        /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/,
        'must be a host name such as sluice.example.com, without scheme and port',
      ),
    ).optional(),
    cors_origins: list(
      matching(/^(?:\*|https?:\/\/[A-Za-z0-9.[\]:-]+)$/, 'must be * or an origin such as https://app.example.com'),
    ).optional(),
  });
export type AuthInput = Infer<ReturnType<typeof auth>>;
