import type { AuthMode, FunctionName, TenantSource } from './names.ts';

export interface AuthConfig {
  readonly mode: AuthMode;
  readonly keys: readonly AuthKeyConfig[];
  /** Firestore collection that holds further keys. Absent: there are those of the file alone. */
  readonly keysCollection?: string;
  /** Present in mode `iam`. */
  readonly iam?: IamConfig;
  /** Names, without ports, that the service of mode `none` answers to beside those of this machine. */
  readonly hosts: readonly string[];
  /** Exact origins, or `*`. */
  readonly corsOrigins: readonly string[];
}

export interface IamConfig {
  /** What certain identities may do. The first that fits counts. */
  readonly identities: readonly IdentityConfig[];
  /** The tenant of an identity without one of its own; undefined: none. */
  readonly tenantFrom?: TenantSource;
  /** Audiences of the assertions of Identity-Aware Proxy. Empty: there is none in front. */
  readonly iapAudiences: readonly string[];
}

/** What a caller may do. */
export interface GrantConfig {
  readonly tenant?: string;
  /** Models and agents it may use; undefined: all. */
  readonly models?: readonly string[];
  /** Functions it may call; undefined: all. */
  readonly functions?: readonly FunctionName[];
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
  readonly dailyBudgetUsd?: number;
}

export interface IdentityConfig extends GrantConfig {
  /** An e-mail address, `*@` and a domain, or the number of an account; in small letters. */
  readonly identity: string;
}

export interface AuthKeyConfig extends GrantConfig {
  readonly name: string;
  /** SHA-256 of the key, hexadecimal, or the reference of a secret that holds the key. */
  readonly credential: { readonly sha256: string } | { readonly secret: string };
  /** Milliseconds since 1970 UTC. */
  readonly expiresAtMs?: number;
}
