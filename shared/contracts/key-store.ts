/** What is known of an API key: never the key. */
export interface KeyRecord {
  /** SHA-256 of the key, 64 hexadecimal digits in small letters. */
  readonly sha256: string;
  /** Unique among the keys that are not revoked. */
  readonly name: string;
  /** The first characters of the key, by which its holder knows it again. */
  readonly hint: string;
  readonly tenant?: string;
  /** Models and agents the key may use; undefined: all. */
  readonly models?: readonly string[];
  /** Functions the key may call; undefined: all. */
  readonly functions?: readonly string[];
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
  readonly dailyBudgetUsd?: number;
  /** Milliseconds since 1970 UTC, like the other times. */
  readonly expiresAtMs?: number;
  readonly createdAtMs: number;
  readonly revokedAtMs?: number;
}

/** API keys that are kept outside the configuration, so that they come and go without a deployment. */
export interface KeyStore {
  readonly id: string;
  /**
   * The key with this hash, a revoked one too; undefined when there is none. One read of one record.
   * @throws AppError when the store cannot be read.
   */
  find(sha256: string): Promise<KeyRecord | undefined>;
  /** All keys, by name; of keys with one name the newest first. */
  list(): Promise<KeyRecord[]>;
  /** @throws AppError `invalid_request` when a key that is not revoked has the name. */
  create(record: KeyRecord): Promise<void>;
  /** @returns the key that was revoked; undefined when none that is not revoked has the name. */
  revoke(name: string, revokedAtMs: number): Promise<KeyRecord | undefined>;
  close(): Promise<void>;
}
