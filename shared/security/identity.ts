import { AppError } from '../contracts/app-error.ts';
import { createTokenVerifier, readClaims, splitToken, type TokenClaims, type TokenVerifier } from './signed-token.ts';

export interface Identity {
  /** The e-mail address in small letters, else the number of the account. */
  readonly name: string;
  readonly subject: string;
  readonly email?: string;
  /** The organisation of a user, the project of a service account; absent for an account that belongs to nobody else. */
  readonly domain?: string;
  /** Somebody checked that this identity may call. False: it is only known who it is. */
  readonly admitted: boolean;
}

/**
 * Who makes a request.
 * @param header a header of the request by its lower-case name.
 * @throws AppError `authentication` for a missing, forged or outdated token, `network` while tokens cannot be checked,
 * `configuration` behind Identity-Aware Proxy without its audience.
 */
export type IdentityCheck = (header: (name: string) => string | undefined) => Promise<Identity>;

export interface IdentityCheckOptions {
  /** Whether Cloud Run stands before us, which has checked the token and its right to call. */
  readonly cloudRun: boolean;
  /** Audiences of Identity-Aware Proxy's assertions; empty where it does not stand before us. */
  readonly iapAudiences: readonly string[];
  readonly verifier?: TokenVerifier;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** What Cloud Run puts in the place of the signature of a token that it has checked. */
const CHECKED = 'SIGNATURE_REMOVED_BY_GOOGLE';
/** The audience of `gcloud auth print-identity-token`, by which people try things on their machine. */
const GCLOUD_AUDIENCE = '32555940559.apps.googleusercontent.com';
const IAP_ASSERTION = 'x-goog-iap-jwt-assertion';
/** The account by which Identity-Aware Proxy itself calls us. */
const IAP_ACCOUNT = /@gcp-sa-iap\.iam\.gserviceaccount\.com$/;
const SERVICE_ACCOUNT = /@([a-z0-9-]+)\.iam\.gserviceaccount\.com$/;

/**
 * Reads the identity that Google has verified. Cloud Run looks at `x-serverless-authorization` where it is sent and at
 * `authorization` only otherwise, and so do we: beside the first, the second is the client's own word. It takes the
 * signature off what it has checked. A token that still has its signature was checked by nobody, so it is checked here,
 * and one without is believed on Cloud Run alone.
 */
export function createIdentityCheck({
  cloudRun,
  iapAudiences,
  now = Date.now,
  verifier = createTokenVerifier({ now }),
}: IdentityCheckOptions): IdentityCheck {
  const fromToken = async (token: string): Promise<Identity> => {
    const [, , signature] = splitToken(token) ?? [];
    if (signature === undefined) throw refusal();
    if (signature !== CHECKED) {
      const claims = await verifier.idToken(token, cloudRun ? undefined : GCLOUD_AUDIENCE);
      return toIdentity(claims, cloudRun);
    }
    const claims = cloudRun ? readClaims(token, now()) : undefined;
    if (!claims) throw refusal();
    return toIdentity(claims, true);
  };

  return async (header) => {
    const assertion = header(IAP_ASSERTION);
    if (assertion !== undefined && iapAudiences.length > 0) {
      return toIdentity(await verifier.iapAssertion(assertion, iapAudiences), true);
    }
    const token = /^Bearer\s+(\S+)\s*$/i.exec(
      header('x-serverless-authorization') ?? header('authorization') ?? '',
    )?.[1];
    if (token === undefined) throw refusal();
    const identity = await fromToken(token);
    if (identity.email !== undefined && IAP_ACCOUNT.test(identity.email)) {
      throw new AppError(
        'configuration',
        'Requests come through Identity-Aware Proxy: set auth.iap_audiences, or everybody behind it is one caller.',
      );
    }
    return identity;
  };
}

function toIdentity({ sub, email: address, hd }: TokenClaims, admitted: boolean): Identity {
  // Assertions of Identity-Aware Proxy have the realm before the address.
  const email = address?.replace(/^accounts\.google\.com:/, '').toLowerCase();
  const domain = hd?.toLowerCase() ?? SERVICE_ACCOUNT.exec(email ?? '')?.[1];
  return {
    name: email ?? sub,
    subject: sub,
    admitted,
    ...(email === undefined ? {} : { email }),
    ...(domain === undefined ? {} : { domain }),
  };
}

function refusal(): AppError {
  return new AppError(
    'authentication',
    'Send an ID token: `Authorization: Bearer TOKEN`, such as `gcloud auth print-identity-token` gives.',
  );
}
