import { type BucketRate, bucketWaitMs, FULL_BUCKET, perMinute, takeFromBucket, toWholeMs } from './token-bucket.ts';

/** How much a client may do: evenly per second with a burst, or so much per minute, which may be used at once. */
export type ClientRate =
  | { readonly perSecond: number; readonly burst: number }
  | { readonly perMinute: number; readonly burst?: number };

export type ClientVerdict = { readonly allowed: true } | { readonly allowed: false; readonly retryAfterMs: number };

export interface ClientLimiter {
  /**
   * Takes `cost` (default: one request) off what the client may do, unless that has to wait; a refusal takes nothing.
   * More than the burst is allowed once everything is there, and owed afterwards. One client id has one rate.
   */
  take(client: string, rate: ClientRate, cost?: number): ClientVerdict;
  /** Corrects an earlier `take` once the truth is known: above zero it is owed, below zero it is given back. */
  correct(client: string, rate: ClientRate, difference: number): void;
  /** How many requests the client may make at once now, and when it may do everything again. */
  left(client: string, rate: ClientRate): { readonly left: number; readonly fullInMs: number };
}

export interface ClientLimiterOptions {
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
  /** Most clients to remember at once. */
  readonly maxClients?: number;
}

/** Of a request; smaller differences are noise of the arithmetic. */
const ROUNDING = 1e-3;

const ALLOWED: ClientVerdict = { allowed: true };

/**
 * When the memory is full, the least recently seen of this share are looked through for clients that may do everything
 * again; if that makes too little room, the least recent ones go. In batches, because the front of a Map from which
 * single entries are taken is slow to find.
 */
const LOOKED_THROUGH = 1 / 8;
const ROOM_TO_MAKE = 1 / 64;

/**
 * A token bucket for each caller, in memory, per instance. A client that is not remembered has a full bucket, so only
 * the ones that have used something are kept; a stream of new ids makes the least recently seen ones forgotten.
 */
export function createClientLimiter({
  now = () => performance.now(),
  maxClients = 100_000,
}: ClientLimiterOptions = {}): ClientLimiter {
  /** The time at which each bucket is full again, the least recently seen client first. */
  const fullAtMs = new Map<string, number>();

  const makeRoom = (nowMs: number): void => {
    const target = fullAtMs.size - Math.ceil(maxClients * ROOM_TO_MAKE);
    let left = Math.ceil(maxClients * LOOKED_THROUGH);
    for (const [client, atMs] of fullAtMs) {
      if (left === 0) break;
      left -= 1;
      if (atMs <= nowMs) fullAtMs.delete(client);
    }
    for (const client of fullAtMs.keys()) {
      if (fullAtMs.size <= target) break;
      fullAtMs.delete(client);
    }
  };

  const keep = (client: string, atMs: number, nowMs: number): void => {
    fullAtMs.delete(client);
    if (atMs <= nowMs) return;
    if (fullAtMs.size >= maxClients) makeRoom(nowMs);
    fullAtMs.set(client, atMs);
  };

  return {
    take(client, clientRate, cost = 1) {
      const rate = toBucketRate(clientRate);
      const nowMs = now();
      const state = fullAtMs.get(client) ?? FULL_BUCKET;
      const waitMs = bucketWaitMs(rate, state, cost, nowMs);
      // A client that goes on being refused is kept in mind like any other that is seen.
      keep(client, waitMs > 0 ? state : takeFromBucket(rate, state, cost, nowMs), nowMs);
      return waitMs > 0 ? { allowed: false, retryAfterMs: toWholeMs(waitMs) } : ALLOWED;
    },
    correct(client, clientRate, difference) {
      const nowMs = now();
      const state = fullAtMs.get(client) ?? FULL_BUCKET;
      keep(client, takeFromBucket(toBucketRate(clientRate), state, difference, nowMs), nowMs);
    },
    left(client, clientRate) {
      const { capacity, perMs } = toBucketRate(clientRate);
      const fullInMs = toWholeMs(Math.max(0, (fullAtMs.get(client) ?? FULL_BUCKET) - now()));
      return { left: Math.max(0, Math.floor(capacity - fullInMs * perMs + ROUNDING)), fullInMs };
    },
  };
}

function toBucketRate(rate: ClientRate): BucketRate {
  if ('perSecond' in rate) return { capacity: rate.burst, perMs: rate.perSecond / 1000 };
  const { capacity, perMs } = perMinute(rate.perMinute);
  return { capacity: rate.burst ?? capacity, perMs };
}
