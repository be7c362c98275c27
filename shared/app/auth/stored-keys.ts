import type { AuthKeyConfig } from '../../config/auth-types.ts';
import { FUNCTION_NAMES, type FunctionName } from '../../config/names.ts';
import { defined } from '../../config/objects.ts';
import { AppError } from '../../contracts/app-error.ts';
import type { KeyRecord, KeyStore } from '../../contracts/key-store.ts';
import { createClientLimiter } from '../../resilience/client-limiter.ts';
import { remember } from '../../resilience/recent-map.ts';
import { describeError, type Log } from '../../telemetry/log.ts';

/** What was read longer ago than this is read again, beside the request that asks. */
const REFRESH_MS = 20_000;
/** What was read longer ago than this is not relied on without another read. Bounds how long a revoked key goes on. */
const STALE_MS = 45_000;
/** So long a key that was known goes on while the store cannot be read. */
const OUTAGE_MS = 15 * 60_000;
/** So long a key that was not there counts as unknown without another read. */
const UNKNOWN_MS = 10_000;
/** After a failed read, how long nobody else tries. */
const PAUSE_MS = 2_000;
/** Reads for keys that have not been seen here, however many are presented. */
const LOOKUPS = { perSecond: 5, burst: 50 };
const MAX_KEYS = 10_000;

/**
 * The key with this hash, undefined for one that is unknown or revoked.
 * @param beforeLookup called before the store is asked about a key that is not known here; what it throws is thrown.
 * @throws AppError `server_error`, to be tried again, when the store cannot be asked about a key that is not known here.
 */
export type FindStoredKey = (sha256: string, beforeLookup: () => void) => Promise<AuthKeyConfig | undefined>;

export interface StoredKeysOptions {
  readonly store: () => Promise<Pick<KeyStore, 'find'>>;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

interface KnownKey {
  readonly key: AuthKeyConfig;
  /** When the read began that found it. */
  readonly readAtMs: number;
}

/**
 * Remembers keys of the store for less than a minute, so that most requests read nothing and a revoked key stops
 * everywhere within that minute. Keys that are guessed cost a bounded number of reads, and have a memory of their own in
 * which they cannot drive out the good ones.
 */
export function createStoredKeys({ store, log, now = Date.now }: StoredKeysOptions): FindStoredKey {
  const known = new Map<string, KnownKey>();
  /** Hashes of keys that are not there, with the time until which that counts. */
  const unknown = new Map<string, number>();
  const reads = new Map<string, Promise<AuthKeyConfig | undefined>>();
  const lookups = createClientLimiter({ now });
  let pausedUntilMs = Number.NEGATIVE_INFINITY;

  const read = async (sha256: string): Promise<AuthKeyConfig | undefined> => {
    const readAtMs = now();
    const record = await (await store()).find(sha256);
    const key = record && toKeyConfig(record);
    if (key) {
      remember(known, sha256, { key, readAtMs }, { max: MAX_KEYS });
      unknown.delete(sha256);
    } else {
      known.delete(sha256);
      remember(unknown, sha256, now() + UNKNOWN_MS, { max: MAX_KEYS });
    }
    return key;
  };

  /** One read at a time for a key, and none for a moment after one has failed. */
  const readOnce = (sha256: string): Promise<AuthKeyConfig | undefined> => {
    const underWay = reads.get(sha256);
    if (underWay !== undefined) return underWay;
    if (now() < pausedUntilMs) return Promise.reject(notNow());
    const reading = read(sha256)
      .catch((cause: unknown) => {
        // A key that somebody spoiled in the store is no outage.
        if (!isSpoiled(cause)) pausedUntilMs = now() + PAUSE_MS;
        log('WARNING', 'API keys cannot be read', { error: describeError(cause) });
        throw notNow(cause);
      })
      .finally(() => reads.delete(sha256));
    reads.set(sha256, reading);
    return reading;
  };

  return async (sha256, beforeLookup) => {
    const seen = known.get(sha256);
    if (seen) {
      const ageMs = now() - seen.readAtMs;
      if (ageMs < REFRESH_MS) return seen.key;
      const reading = readOnce(sha256);
      if (ageMs < STALE_MS) {
        reading.catch(() => undefined);
        return seen.key;
      }
      return await reading.catch((error: unknown) => {
        if (ageMs < OUTAGE_MS) return seen.key;
        throw error;
      });
    }
    if ((unknown.get(sha256) ?? 0) > now()) return undefined;
    if (!reads.has(sha256)) {
      beforeLookup();
      if (!lookups.take('', LOOKUPS).allowed) throw notNow();
    }
    return await readOnce(sha256);
  };
}

function notNow(cause?: unknown): AppError {
  return new AppError('server_error', 'The API key cannot be checked at the moment. Try again shortly.', {
    retryable: true,
    retryAfterMs: PAUSE_MS,
    ...(cause === undefined ? {} : { cause }),
  });
}

function isSpoiled(error: unknown): boolean {
  return error instanceof AppError && error.code === 'configuration' && error.cause === undefined;
}

/** The key as the configuration would have it; undefined for a revoked one. */
function toKeyConfig({
  sha256,
  hint: _hint,
  createdAtMs: _created,
  revokedAtMs,
  functions,
  ...facts
}: KeyRecord): AuthKeyConfig | undefined {
  if (revokedAtMs !== undefined) return undefined;
  return defined({
    ...facts,
    credential: { sha256 },
    // A name that this version does not know grants nothing.
    functions: functions?.filter((name): name is FunctionName => FUNCTION_NAMES.some((known) => known === name)),
  });
}
