import type { TargetAuth } from '../config/names.ts';
import { AppError } from '../contracts/app-error.ts';
import { openGoogleClient, toTokenError } from './google-credentials.ts';
import { createRenewingToken, type RenewingToken, type Token } from './renewing-token.ts';

/** OpenID tokens of the service's own Google identity, which Cloud Run checks before it lets a request in. */
export interface IdTokenSource {
  /**
   * A token for one audience that is valid for a while yet: waits for Google only when there is none, and renews in the
   * background one that runs out within five minutes.
   * @param audience the origin of the service, exactly as it is configured.
   * @throws AppError `configuration` (no credentials, or none that can make ID tokens), `authentication` (Google refused
   * them), `network`.
   */
  get(audience: string): Promise<string>;
  /** Forgets a token that the service refused with a 401, unless it has been replaced meanwhile. */
  drop(audience: string, token: string): void;
}

export interface IdTokenOptions {
  /** Path of a credentials file. Default: Application Default Credentials. */
  readonly credentialsFile?: string;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Opens the client that makes tokens. Default: `google-auth-library`, loaded on first use. */
  readonly openClient?: () => Promise<object>;
}

/** The part that those of google-auth-library's clients have which can make ID tokens. */
interface IdTokenClient {
  fetchIdToken(audience: string): Promise<string>;
}

/** Application Default Credentials, or a credentials file, as a source of ID tokens. Opens nothing by itself. */
export function createIdTokenSource({
  credentialsFile,
  now = Date.now,
  openClient = () => openGoogleClient({ credentialsFile }),
}: IdTokenOptions = {}): IdTokenSource {
  let client: Promise<object> | undefined;
  // One per configured service, so there are never many.
  const tokens = new Map<string, RenewingToken>();

  const request = async (audience: string): Promise<Token> => {
    client ??= openClient();
    const opened = client;
    try {
      return await requestToken(await opened, audience);
    } catch (error) {
      // A failure is not remembered: credentials may be put right while we run.
      if (client === opened) client = undefined;
      throw toTokenError(error, 'ID');
    }
  };

  return {
    async get(audience) {
      const known = tokens.get(audience);
      const token = known ?? createRenewingToken({ now, request: () => request(audience) });
      if (!known) tokens.set(audience, token);
      return await token.get();
    },
    drop: (audience, token) => tokens.get(audience)?.drop(token),
  };
}

/** What says whether a target is called with an ID token; both kinds of configured targets have it. */
export interface IdTokenTarget {
  readonly provider: string;
  readonly apiKeys: readonly unknown[];
  readonly endpoint?: string;
  /** Written in the configuration; takes the place of the guess by the endpoint's name. */
  readonly auth?: TargetAuth;
}

/** Servers that people run themselves, on Cloud Run among other places. */
const SELF_HOSTED: ReadonlySet<string> = new Set(['ollama', 'vllm', 'huggingface_tei']);

/**
 * The audience of the ID token that a target is called with: its origin. Undefined for targets that get none, which are
 * all but self-hosted servers on Cloud Run without a key of their own, unless `auth` says otherwise.
 */
export function toIdTokenAudience({ provider, apiKeys, endpoint, auth }: IdTokenTarget): string | undefined {
  if (endpoint === undefined || auth === 'none') return undefined;
  const { protocol, hostname, origin } = new URL(endpoint);
  if (auth === 'id_token') return origin;
  const onCloudRun = protocol === 'https:' && hostname.endsWith('.run.app');
  return onCloudRun && apiKeys.length === 0 && SELF_HOSTED.has(provider) ? origin : undefined;
}

async function requestToken(client: object, audience: string): Promise<Token> {
  if (!canMakeIdTokens(client)) {
    throw new AppError(
      'configuration',
      'The Google credentials at hand cannot make ID tokens. Run with a service account that has roles/run.invoker on ' +
        'the service, or stand in for one: `gcloud auth application-default login ' +
        '--impersonate-service-account=ACCOUNT`.',
    );
  }
  const value = await client.fetchIdToken(audience);
  if (value) return { value, expiresAtMs: readExpiry(value) };
  throw new AppError(
    'authentication',
    'Google gave no ID token for the configured credentials. Run with a service account that has roles/run.invoker on ' +
      'the service.',
  );
}

function canMakeIdTokens(client: object): client is IdTokenClient {
  return 'fetchIdToken' in client && typeof client.fetchIdToken === 'function';
}

/** The `exp` of a JWT. The service checks the token; only its end matters here. */
function readExpiry(token: string): number | undefined {
  try {
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as {
      exp?: unknown;
    };
    return typeof claims.exp === 'number' ? claims.exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}
