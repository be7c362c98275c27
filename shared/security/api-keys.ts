import { hash, timingSafeEqual } from 'node:crypto';
import type { AuthConfig, AuthKeyConfig } from '../config/auth-types.ts';
import { AppError } from '../contracts/app-error.ts';
import { isKeyText } from './key-text.ts';

/**
 * What is known of the key in the `authorization` or `x-api-key` header.
 * @param beforeLookup called before a key that may be unknown is looked up outside this process; what it throws ends
 * the check.
 * @throws AppError `authentication` for a missing, unknown or expired key; what `readSecret` or `findStored` throws when
 * the key is none of those that could be read.
 */
export type ApiKeyCheck = (
  authorization: string | undefined,
  xApiKey: string | undefined,
  beforeLookup?: () => void,
) => Promise<AuthKeyConfig>;

export interface ApiKeyOptions {
  readonly keys: AuthConfig['keys'];
  /** Text of a key that the configuration keeps in a secret. */
  readonly readSecret: (reference: string) => Promise<string>;
  /** Finds a key that is not in the configuration by its SHA-256. Absent: there are no others. */
  readonly findStored?: (sha256: string, beforeLookup: () => void) => Promise<AuthKeyConfig | undefined>;
  readonly now?: () => number;
}

/**
 * Checks bearer keys against hashes. Every entry is compared, each in constant time, so that the time taken tells
 * nothing about which keys exist.
 */
export function createApiKeyCheck({ keys, readSecret, findStored, now = Date.now }: ApiKeyOptions): ApiKeyCheck {
  const hashOf = async ({ credential }: AuthKeyConfig): Promise<Buffer> =>
    'sha256' in credential ? Buffer.from(credential.sha256, 'hex') : sha256(await readSecret(credential.secret));

  return async (authorization, xApiKey, beforeLookup = () => {}) => {
    const presented = bearerToken(authorization) ?? xApiKey;
    if (presented === undefined || presented === '') {
      throw new AppError('authentication', 'Send an API key: `Authorization: Bearer KEY`.');
    }
    const presentedHash = sha256(presented);
    const hashes = await Promise.allSettled(keys.map(hashOf));
    let found: AuthKeyConfig | undefined;
    let unread: PromiseRejectedResult | undefined;
    hashes.forEach((known, index) => {
      if (known.status === 'rejected') unread ??= known;
      else if (known.value.length === presentedHash.length && timingSafeEqual(known.value, presentedHash))
        found ??= keys[index];
    });
    if (!found && findStored && isKeyText(presented)) {
      const stored = await findStored(presentedHash.toString('hex'), beforeLookup);
      if (stored && timingSafeEqual(await hashOf(stored), presentedHash)) found = stored;
    }
    // A secret that cannot be read must not lock out the holders of other keys, nor call its own holder unknown.
    if (!found && unread) throw unread.reason;
    if (!found) throw new AppError('authentication', 'The API key is not known here.');
    if (found.expiresAtMs !== undefined && found.expiresAtMs <= now()) {
      throw new AppError('authentication', 'The API key has expired.');
    }
    return found;
  };
}

function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer\s+(\S+)\s*$/i.exec(authorization ?? '')?.[1];
}

function sha256(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
