import type { RetryConfig } from '../config/types.ts';
import { AppError, toAppError } from '../contracts/app-error.ts';
import type { SecretSource } from '../contracts/secret-source.ts';
import { createDeadline } from '../resilience/deadline.ts';
import { createRetry, type RetryOptions } from '../resilience/retry.ts';
import { untilAborted } from '../resilience/until-aborted.ts';
import { createSecretManagerClient, type SecretManagerClientOptions } from './secret-manager-client.ts';
import { type SecretName, toSecretName } from './secret-name.ts';

export interface SecretManagerOptions {
  /** Where bare names are looked up. Without it only full resource names can be read. */
  readonly projectId?: string;
  /** How long a value is used before it is read again, in milliseconds. Default 300,000. */
  readonly ttlMs?: number;
  /** Longest wait for one value, retries included, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
  /** Longest wait for a newer value while an old one is at hand, in milliseconds. Default 1,000. */
  readonly staleWaitMs?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Waits between two attempts. */
  readonly sleep?: RetryOptions['sleep'];
  /** What Google's client is opened with: another endpoint, credentials. Default: Application Default Credentials. */
  readonly client?: SecretManagerClientOptions;
}

interface Known {
  readonly text: string;
  readonly freshUntilMs: number;
  /** A forced refresh found nothing newer; until then another one is not worth a request. */
  readonly currentUntilMs: number;
}

interface Reading {
  readonly text: Promise<string>;
  readonly forced: boolean;
}

const RETRY: RetryConfig = {
  maxAttempts: 3,
  initialBackoffMs: 100,
  maxBackoffMs: 400,
  multiplier: 2,
  retryOn: ['rate_limit', 'timeout', 'server_error'],
};
/** Secret Manager is left alone for this long after it failed while an old value could be used. */
const STALE_MS = 30_000;
/** Requests refused one after the other with the same wrong key cost one reading per this time. */
const REFRESH_AGAIN_MS = 5_000;

/**
 * Secrets from Google Secret Manager. `NAME` is the latest version in the project, `projects/P/secrets/NAME` with or
 * without `/versions/V` is taken as it is, and `projects/P/locations/L/…` is read from that location's endpoint.
 *
 * A value is kept for `ttlMs`, and however many wait for it there is one request. When Secret Manager cannot be reached
 * or does not answer properly, the last known value stays in use; when it answers that the secret is missing, forbidden
 * or disabled, that counts at once, because it is how a key is withdrawn.
 *
 * Besides `configuration`, `get` throws `network`, `timeout`, `rate_limit` and `server_error` after its own retries,
 * marked as not worth another.
 */
export function createSecretManagerSecrets({
  projectId,
  ttlMs = 300_000,
  timeoutMs = 10_000,
  staleWaitMs = 1_000,
  now = Date.now,
  sleep,
  client: clientOptions,
}: SecretManagerOptions = {}): SecretSource {
  const client = createSecretManagerClient(clientOptions);
  const retry = createRetry({ config: RETRY, ...(sleep ? { sleep } : {}) });
  const known = new Map<string, Known>();
  const readings = new Map<string, Reading>();

  /** One value from Secret Manager, under the time limit. */
  const read = async (name: SecretName): Promise<string> => {
    const deadline = createDeadline(new AbortController().signal, timeoutMs, 'Reading a secret');
    const attempt = () => client.read(name, { timeoutMs: Math.ceil(timeoutMs / 2) });
    try {
      return await untilAborted(retry(attempt, deadline.signal), deadline.signal);
    } finally {
      deadline.end();
    }
  };

  const update = async (name: SecretName, forced: boolean, isCurrent: () => boolean): Promise<string> => {
    const { resource } = name;
    try {
      const text = await read(name);
      if (isCurrent()) {
        const unchanged = forced && known.get(resource)?.text === text;
        const nowMs = now();
        known.set(resource, {
          text,
          freshUntilMs: nowMs + ttlMs,
          currentUntilMs: unchanged ? nowMs + REFRESH_AGAIN_MS : nowMs,
        });
      }
      return text;
    } catch (thrown) {
      const error = toAppError(thrown);
      const stale = known.get(resource);
      if (stale && error.retryable) {
        if (isCurrent()) known.set(resource, { ...stale, freshUntilMs: now() + STALE_MS });
        return stale.text;
      }
      if (isCurrent()) known.delete(resource);
      throw withoutRetry(error);
    }
  };

  /** Joins the reading under way, unless it may have begun before the value was refused. */
  const startReading = (name: SecretName, forced: boolean): Promise<string> => {
    const { resource } = name;
    const underWay = readings.get(resource);
    if (underWay && (underWay.forced || !forced)) return underWay.text;
    // A reading that another one overtook speaks of an older state and is not kept.
    const isCurrent = (): boolean => readings.get(resource) === reading;
    const reading: Reading = { forced, text: Promise.resolve().then(() => update(name, forced, isCurrent)) };
    readings.set(resource, reading);
    const finish = (): void => {
      if (isCurrent()) readings.delete(resource);
    };
    reading.text.then(finish, finish);
    return reading.text;
  };

  return {
    id: 'secret-manager',
    async get(reference, { refresh = false, signal } = {}) {
      const name = toSecretName(reference, projectId);
      const found = known.get(name.resource);
      const usableUntilMs = refresh ? found?.currentUntilMs : found?.freshUntilMs;
      if (found && usableUntilMs !== undefined && now() < usableUntilMs) return found.text;
      const reading = startReading(name, refresh);
      if (!found || refresh) return await untilAborted(reading, signal);
      return await firstOf(reading, found.text, staleWaitMs, signal);
    },
    close: () => client.close(),
  };
}

/** The newer value when it comes in time, else the old one; the reading goes on. */
async function firstOf(
  reading: Promise<string>,
  old: string,
  waitMs: number,
  signal = new AbortController().signal,
): Promise<string> {
  const limit = createDeadline(signal, waitMs, 'Reading a secret');
  try {
    return await untilAborted(reading, limit.signal);
  } catch (error) {
    if (limit.signal.aborted && !signal.aborted) return old;
    throw error;
  } finally {
    limit.end();
  }
}

/** For callers with retries of their own: theirs would multiply with ours. */
function withoutRetry(error: AppError): AppError {
  return new AppError(error.code, error.message, { retryable: false, cause: error.cause ?? error });
}
