/**
 * A token bucket kept as one number: the time at which it will be full again. Refilling costs nothing, a full bucket
 * needs no memory at all, and a bucket in debt is simply one that is full later.
 */
export interface BucketRate {
  /** Most the bucket holds; above 0. */
  readonly capacity: number;
  /** What flows in per millisecond; above 0. */
  readonly perMs: number;
}

/** The state of a bucket nobody has taken from. */
export const FULL_BUCKET = Number.NEGATIVE_INFINITY;

/** Shorter waits are noise of the arithmetic. */
const NOISE_MS = 0.001;

/** Holds a minute's worth and refills evenly over the minute. */
export function perMinute(amount: number): BucketRate {
  return { capacity: amount, perMs: amount / 60_000 };
}

/**
 * Milliseconds until `cost` can be taken, 0 when it can be now. More than the bucket ever holds can be taken when it is
 * full, which leaves a debt that everyone after waits for.
 */
export function bucketWaitMs({ capacity, perMs }: BucketRate, fullAtMs: number, cost: number, nowMs: number): number {
  const spareMs = (capacity - Math.min(cost, capacity)) / perMs;
  const waitMs = fullAtMs - nowMs - spareMs;
  return waitMs > NOISE_MS ? waitMs : 0;
}

/** The state after taking `cost`, into debt if need be; a negative cost gives back, never above full. */
export function takeFromBucket({ perMs }: BucketRate, fullAtMs: number, cost: number, nowMs: number): number {
  return Math.max(fullAtMs, nowMs) + cost / perMs;
}

/** A wait in whole milliseconds: when it is over, the bucket holds enough. */
export function toWholeMs(waitMs: number): number {
  return Math.max(0, Math.ceil(waitMs - NOISE_MS));
}
