import type { AuthClient } from 'google-auth-library';
import { AppError } from '../contracts/app-error.ts';

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

interface Token {
  readonly value: string;
  readonly renewAtMs: number;
  readonly expiresAtMs: number;
}

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
const RENEW_BEFORE_MS = 5 * 60_000;
/** A token this close to its end is not handed out: the request it is for takes time too. */
const UNUSABLE_BEFORE_MS = 30_000;
/** The metadata server repeats a token until shortly before its end; asking it again at once gives the same. */
const RENEW_AGAIN_MS = 30_000;
/** Google's tokens live an hour; for clients that do not say. */
const ASSUMED_LIFETIME_MS = 55 * 60_000;

/** Application Default Credentials, or a credentials file, as a source of access tokens. Opens nothing by itself. */
export function createAccessTokenSource(options: AccessTokenOptions = {}): AccessTokenSource {
  const { now = Date.now, openClient = () => openGoogleClient(options) } = options;
  let client: Promise<TokenClient> | undefined;
  let token: Token | undefined;
  let renewal: Promise<Token> | undefined;

  const renew = async (): Promise<Token> => {
    client ??= openClient();
    const opened = client;
    try {
      return await requestToken(await opened, now());
    } catch (error) {
      // A failure is not remembered: credentials may be put right while we run.
      if (client === opened) client = undefined;
      throw toAccessError(error);
    }
  };

  const startRenewal = (): Promise<Token> => {
    if (renewal) return renewal;
    const started = renew()
      .then((renewed) => {
        // After a drop, a renewal that was already under way speaks for the client that was dropped.
        if (renewal === started) token = renewed;
        return renewed;
      })
      .finally(() => {
        if (renewal === started) renewal = undefined;
      });
    renewal = started;
    return started;
  };

  return {
    async get() {
      const nowMs = now();
      if (!token || nowMs >= token.expiresAtMs - UNUSABLE_BEFORE_MS) return (await startRenewal()).value;
      if (nowMs >= token.renewAtMs && !renewal) {
        const stale = token;
        startRenewal().catch(() => {
          // The token at hand is still good; the next attempt waits a little.
          if (token === stale) token = { ...stale, renewAtMs: now() + RENEW_AGAIN_MS };
        });
      }
      return token.value;
    },

    drop(value) {
      if (token?.value !== value) return;
      token = undefined;
      client = undefined;
      renewal = undefined;
    },
  };
}

async function requestToken(client: TokenClient, nowMs: number): Promise<Token> {
  const { token: value } = await client.getAccessToken();
  if (!value) throw new AppError('authentication', 'Google gave no access token for the configured credentials.');
  const expiresAtMs = client.credentials?.expiry_date ?? nowMs + ASSUMED_LIFETIME_MS;
  return { value, expiresAtMs, renewAtMs: Math.max(expiresAtMs - RENEW_BEFORE_MS, nowMs + RENEW_AGAIN_MS) };
}

async function openGoogleClient({ scopes = [SCOPE], credentialsFile }: AccessTokenOptions): Promise<TokenClient> {
  // A CommonJS package: once bundled, only its default export is sure to be there.
  const { default: library } = await import('google-auth-library');
  const auth = new library.GoogleAuth({
    scopes: [...scopes],
    ...(credentialsFile === undefined ? {} : { keyFilename: credentialsFile }),
    // The library keeps tokens too. It must let go of one before we ask for the next.
    clientOptions: { eagerRefreshThresholdMillis: RENEW_BEFORE_MS + UNUSABLE_BEFORE_MS },
  });
  try {
    return await auth.getClient();
  } catch (cause) {
    throw new AppError(
      'configuration',
      'There are no usable Google credentials: run `gcloud auth application-default login`, set ' +
        'GOOGLE_APPLICATION_CREDENTIALS to a key file, or run on Google Cloud with a service account.',
      { cause },
    );
  }
}

function toAccessError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { status, response } = error as { status?: unknown; response?: { status?: unknown } };
  const answered = Number(response?.status ?? status);
  if (answered >= 400 && answered < 500 && answered !== 408 && answered !== 429) {
    return new AppError('authentication', 'Google refused the configured credentials; renew or replace them.', {
      upstreamStatus: answered,
      cause: error,
    });
  }
  return new AppError('network', 'No access token could be had from Google.', { cause: error });
}
