import { createHash } from 'node:crypto';
import type { SecretValue } from '../config/secret-value.ts';
import { AppError, toAppError } from '../contracts/app-error.ts';
import { remember } from './recent-map.ts';

export interface KeyPoolOptions {
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
  /** Rest of a key that was rate limited when the upstream does not say how long. */
  readonly defaultCoolDownMs?: number;
  /** Most targets to know at once. */
  readonly maxTargets?: number;
}

/** Undefined only where the target has no keys. */
export type KeyedPolicy = <T>(
  operation: (key: SecretValue | undefined, signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
) => Promise<T>;

export interface KeyPool {
  /**
   * Spreads calls over the keys of a target, one after the other. A key that is refused rests, and the call goes on at
   * once with the next key that does not. With one key, or none, the call is simply made: nothing rests.
   * @throws AppError `rate_limit` with the shortest rest as `retryAfterMs` when the next key to be free is one whose
   * upstream said how long to wait; else what the operation throws.
   */
  for(target: string, keys: readonly SecretValue[]): KeyedPolicy;
}

interface Rest {
  readonly untilMs: number;
  /** The upstream said how long. Our own guesses make a key the last choice, never an impossible one. */
  readonly stated: boolean;
}

interface Resting {
  readonly key: SecretValue;
  readonly rest: Rest;
}

interface Target {
  /** Place of the key after the one that was used last. */
  next: number;
  /** By fingerprint of the key; a key without an entry is fresh. */
  readonly rests: Map<string, Rest>;
}

const QUOTA_REST_MS = 60 * 60_000;
const REFUSED_KEY_REST_MS = 5 * 60_000;
/** No upstream can put a key away for longer. */
const LONGEST_REST_MS = 24 * 60 * 60_000;

export function createKeyPool({
  now = () => performance.now(),
  defaultCoolDownMs = 60_000,
  maxTargets = 1_000,
}: KeyPoolOptions = {}): KeyPool {
  const targets = new Map<string, Target>();
  const fingerprints = new WeakMap<SecretValue, string>();

  const fingerprintOf = (key: SecretValue): string => {
    let fingerprint = fingerprints.get(key);
    if (fingerprint === undefined) {
      fingerprint = keyFingerprint(key);
      fingerprints.set(key, fingerprint);
    }
    return fingerprint;
  };

  /** Undefined for errors that another key would meet too. */
  const toRest = ({ code, retryAfterMs }: AppError): Rest | undefined => {
    const rest = (restMs: number, stated: boolean): Rest => ({
      untilMs: now() + Math.min(restMs, LONGEST_REST_MS),
      stated,
    });
    switch (code) {
      case 'rate_limit':
        return rest(retryAfterMs ?? defaultCoolDownMs, retryAfterMs !== undefined);
      case 'quota_exceeded':
        return rest(Math.max(retryAfterMs ?? 0, QUOTA_REST_MS), false);
      case 'authentication':
        return rest(REFUSED_KEY_REST_MS, false);
      default:
        return undefined;
    }
  };

  const restOf = (target: Target, key: SecretValue): Rest | undefined => {
    const rest = target.rests.get(fingerprintOf(key));
    return rest !== undefined && rest.untilMs > now() ? rest : undefined;
  };

  /** The key that is free first, with its rest; undefined when one of them rests no longer. */
  const firstToBeFree = (target: Target, keys: readonly SecretValue[]): Resting | undefined => {
    let first: Resting | undefined;
    for (const key of keys) {
      const rest = restOf(target, key);
      if (rest === undefined) return undefined;
      if (first === undefined || rest.untilMs < first.rest.untilMs) first = { key, rest };
    }
    return first;
  };

  const toRefusal = ({ rest }: Resting, cause?: AppError): AppError => {
    const retryAfterMs = Math.ceil(rest.untilMs - now());
    const seconds = Math.ceil(retryAfterMs / 1000);
    const message = `The provider is limiting every API key configured for it; the next one may be used in ${seconds} s.`;
    return new AppError('rate_limit', message, { retryAfterMs, cause });
  };

  return {
    for: (name, keys) => async (operation, signal) => {
      if (keys.length < 2) return await operation(keys[0], signal);
      const target = targets.get(name) ?? { next: 0, rests: new Map<string, Rest>() };
      remember(targets, name, target, { max: maxTargets });

      const lastResort = firstToBeFree(target, keys);
      if (lastResort?.rest.stated) throw toRefusal(lastResort);
      const failures: { readonly error: AppError; readonly rest: Rest }[] = [];
      for (const key of lastResort ? [lastResort.key] : inTurn(target, keys)) {
        if (lastResort === undefined && restOf(target, key)) continue;
        target.next = keys.indexOf(key) + 1;
        try {
          const result = await operation(key, signal);
          if (lastResort) target.rests.delete(fingerprintOf(key));
          return result;
        } catch (thrown) {
          const error = toAppError(thrown, signal);
          const rest = toRest(error);
          if (rest === undefined) throw thrown;
          target.rests.set(fingerprintOf(key), laterOf(rest, restOf(target, key)));
          if (signal.aborted) throw thrown;
          failures.push({ error, rest });
        }
      }
      const next = firstToBeFree(target, keys);
      if (next?.rest.stated) throw toRefusal(next, failures.at(-1)?.error);
      // One at least: had every key been resting, there would have been a last resort.
      throw failures.reduce((first, other) => (other.rest.untilMs < first.rest.untilMs ? other : first)).error;
    },
  };
}

/** The keys from the one whose turn it is. */
function inTurn({ next }: Target, keys: readonly SecretValue[]): readonly SecretValue[] {
  const first = next % keys.length;
  return [...keys.slice(first), ...keys.slice(0, first)];
}

function laterOf(rest: Rest, other: Rest | undefined): Rest {
  return other !== undefined && other.untilMs > rest.untilMs ? other : rest;
}

/** The same for the same key wherever it is configured; neither logged nor shown. */
export function keyFingerprint(key: SecretValue): string {
  return 'secret' in key ? `secret ${key.secret}` : createHash('sha256').update(key.value).digest('base64');
}
