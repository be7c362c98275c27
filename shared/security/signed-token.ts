import { AppError } from '../contracts/app-error.ts';

/** Keys by which Google signs, as PEM texts by their id. */
export type PublicKeys = Readonly<Record<string, string>>;

/** Who Google says somebody is. */
export interface TokenClaims {
  /** Never changes and is never given to another one. */
  readonly sub: string;
  /** Absent for some service accounts. */
  readonly email?: string;
  /** The organisation a user belongs to. */
  readonly hd?: string;
}

export interface TokenVerifier {
  /** The claims of an ID token of a Google account. @throws AppError `authentication`, `network`. */
  idToken(token: string, audience: string | undefined): Promise<TokenClaims>;
  /** The claims of an assertion of Identity-Aware Proxy. @throws AppError `authentication`, `network`. */
  iapAssertion(token: string, audiences: readonly string[]): Promise<TokenClaims>;
}

export interface TokenVerifierOptions {
  /** The keys that Google publishes for a kind of token. Default: fetched by `google-auth-library`. */
  readonly fetchKeys?: (kind: TokenKind) => Promise<PublicKeys>;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

export type TokenKind = 'id_token' | 'iap';

const ISSUERS = {
  id_token: ['https://accounts.google.com', 'accounts.google.com'],
  iap: ['https://cloud.google.com/iap'],
} as const satisfies Record<TokenKind, readonly string[]>;

/** Google announces new keys days before it signs with them. */
const KEEP_KEYS_MS = 3_600_000;
/** Ids of keys that nobody knows must not make us ask for each. */
const SHORTEST_PAUSE_MS = 60_000;
/** Nor must forged tokens, however many come, while there is no answer. */
const PAUSE_AFTER_FAILURE_MS = 2_000;

/** Checks signatures, issuers, audiences and times. Loads its library with the first token. */
export function createTokenVerifier({
  fetchKeys = fetchGoogleKeys,
  now = Date.now,
}: TokenVerifierOptions = {}): TokenVerifier {
  const kept = new Map<TokenKind, { readonly keys: Promise<PublicKeys>; readonly atMs: number }>();
  const failed = new Map<TokenKind, { readonly error: AppError; readonly atMs: number }>();

  const keysFor = async (kind: TokenKind, id: string): Promise<PublicKeys> => {
    const last = kept.get(kind);
    if (last) {
      const ageMs = now() - last.atMs;
      const keys = await last.keys;
      if (ageMs < SHORTEST_PAUSE_MS || (ageMs < KEEP_KEYS_MS && Object.hasOwn(keys, id))) return keys;
    }
    const failure = failed.get(kind);
    if (failure && now() - failure.atMs < PAUSE_AFTER_FAILURE_MS) throw failure.error;
    const keys = fetchKeys(kind).catch((cause: unknown) => {
      kept.delete(kind);
      const error = new AppError('network', 'The keys by which Google signs cannot be read.', { cause });
      failed.set(kind, { error, atMs: now() });
      throw error;
    });
    kept.set(kind, { keys, atMs: now() });
    return await keys;
  };

  const verify = async (kind: TokenKind, token: string, audience: string | string[] | undefined) => {
    const id = keyIdOf(token);
    // Google names the key with every signature: for anything else nobody has to be asked, nor be reachable.
    if (id === '') throw refused();
    const keys = await keysFor(kind, id);
    const { OAuth2Client } = await loadLibrary();
    const ticket = await new OAuth2Client()
      .verifySignedJwtWithCertsAsync(token, keys, audience as string[], [...ISSUERS[kind]])
      // Its own words repeat the token, which belongs into no log.
      .catch(() => undefined);
    const claims = toClaims(ticket?.getPayload());
    if (claims) return claims;
    throw refused();
  };

  return {
    idToken: (token, audience) => verify('id_token', token, audience),
    iapAssertion: (token, audiences) => verify('iap', token, [...audiences]),
  };
}

/**
 * What a token says, without any check: for one that somebody else has checked.
 * @returns undefined when it is none of Google's, or has run out.
 */
export function readClaims(token: string, nowMs: number): TokenClaims | undefined {
  const payload = decodePart(token, 1);
  const issuers: readonly unknown[] = ISSUERS.id_token;
  const expiry = Number(payload?.exp);
  if (!payload || !issuers.includes(payload.iss) || !(expiry * 1000 + CLOCK_SKEW_MS > nowMs)) return undefined;
  return toClaims(payload);
}

const CLOCK_SKEW_MS = 300_000;

/** The three parts of a token in the compact form, or undefined for something else. */
export function splitToken(token: string): readonly [head: string, claims: string, signature: string] | undefined {
  const parts = token.split('.');
  return parts.length === 3 && parts.every((part) => /^[A-Za-z0-9_-]+$/.test(part))
    ? (parts as [string, string, string])
    : undefined;
}

function refused(): AppError {
  return new AppError('authentication', 'The token is not one that Google signed for this service, or it has run out.');
}

function keyIdOf(token: string): string {
  const id = decodePart(token, 0)?.kid;
  return typeof id === 'string' ? id : '';
}

function decodePart(token: string, index: 0 | 1): Record<string, unknown> | undefined {
  try {
    const part: unknown = JSON.parse(Buffer.from(splitToken(token)?.[index] ?? '', 'base64url').toString('utf8'));
    return typeof part === 'object' && part !== null ? (part as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function toClaims(payload: object | undefined): TokenClaims | undefined {
  const { sub, email, email_verified: verified, hd } = (payload ?? {}) as Record<string, unknown>;
  if (typeof sub !== 'string' || sub === '') return undefined;
  return {
    sub,
    // An address that nobody has confirmed is a claim of the account's holder.
    ...(typeof email === 'string' && verified !== false ? { email } : {}),
    ...(typeof hd === 'string' ? { hd } : {}),
  };
}

async function fetchGoogleKeys(kind: TokenKind): Promise<PublicKeys> {
  const { OAuth2Client } = await loadLibrary();
  const client = new OAuth2Client();
  if (kind === 'iap') return (await client.getIapPublicKeysAsync()).pubkeys;
  return (await client.getFederatedSignonCertsAsync()).certs as PublicKeys;
}

async function loadLibrary() {
  // A CommonJS package: once bundled, only its default export is sure to be there, and under tsx there is none.
  const loaded = await import('google-auth-library');
  return loaded.default ?? loaded;
}
