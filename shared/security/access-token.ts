import type { AuthClient } from 'google-auth-library';
import { AppError } from '../contracts/app-error.ts';
import { openGoogleClient, toTokenError } from './google-credentials.ts';
import { createRenewingToken, type Token } from './renewing-token.ts';

/** OAuth access tokens for Google Cloud APIs. */
export interface AccessTokenSource {
  /**
   * A token that is valid for a while yet. Waits for Google only when there is none; one that runs out soon is renewed
   * in the background.
   * @throws AppError `configuration` (no credentials found), `authentication` (Google refused them), `network`.
   */
  get(): Promise<string>;
  /**
   * Forgets a token that an API refused with a 401, and the client that made it, so that the next `get` starts afresh.
   * A token that has been replaced meanwhile is left alone: of many requests refused at once, one renews.
   */
  drop(token: string): void;
}

export interface AccessTokenOptions {
  /** Default: `https://www.googleapis.com/auth/cloud-platform`. */
  readonly scopes?: readonly string[];
  /** Path of a credentials file. Default: Application Default Credentials. */
  readonly credentialsFile?: string;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Opens the client that makes tokens. Default: `google-auth-library`, loaded on first use. */
  readonly openClient?: () => Promise<TokenClient>;
}

/** The part of google-auth-library's clients that is used. */
export type TokenClient = Pick<AuthClient, 'getAccessToken' | 'credentials'>;

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/** Application Default Credentials, or a credentials file, as a source of access tokens. Opens nothing by itself. */
export function createAccessTokenSource({
  scopes = [SCOPE],
  credentialsFile,
  now = Date.now,
  openClient = () => openGoogleClient({ scopes, credentialsFile }),
}: AccessTokenOptions = {}): AccessTokenSource {
  let client: Promise<TokenClient> | undefined;

  return createRenewingToken({
    now,
    async request() {
      client ??= openClient();
      const opened = client;
      try {
        return await requestToken(await opened);
      } catch (error) {
        // A failure is not remembered: credentials may be put right while we run.
        if (client === opened) client = undefined;
        throw toTokenError(error, 'access');
      }
    },
    onDrop() {
      client = undefined;
    },
  });
}

async function requestToken(client: TokenClient): Promise<Token> {
  const { token: value } = await client.getAccessToken();
  if (!value) throw new AppError('authentication', 'Google gave no access token for the configured credentials.');
  return { value, expiresAtMs: client.credentials?.expiry_date ?? undefined };
}
