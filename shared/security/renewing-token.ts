export interface Token {
  readonly value: string;
  /** Milliseconds since the epoch; undefined when whoever made it does not say. */
  readonly expiresAtMs: number | undefined;
}

export interface RenewingToken {
  /**
   * A token that is valid for a while yet. Waits for a new one only when there is none; one that runs out soon is
   * renewed in the background.
   */
  get(): Promise<string>;
  /**
   * Forgets a token that was refused. One that has been replaced meanwhile is left alone: of many requests refused at
   * once, one renews.
   */
  drop(value: string): void;
}

export interface RenewingTokenOptions {
  readonly request: () => Promise<Token>;
  /** Told when the token that is dropped is the one in use. */
  readonly onDrop?: () => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export const RENEW_BEFORE_MS = 5 * 60_000;
/** A token this close to its end is not handed out: the request it is for takes time too. */
export const UNUSABLE_BEFORE_MS = 30_000;
/** The metadata server repeats a token until shortly before its end; asking it again at once gives the same. */
const RENEW_AGAIN_MS = 30_000;
/** Google's tokens live an hour. */
const ASSUMED_LIFETIME_MS = 55 * 60_000;

interface Held {
  readonly value: string;
  readonly renewAtMs: number;
  readonly expiresAtMs: number;
}

/** Keeps one token fresh. However many wait for it, it is requested once; a failure is not remembered. */
export function createRenewingToken({ request, onDrop, now }: RenewingTokenOptions): RenewingToken {
  let held: Held | undefined;
  let renewal: Promise<Held> | undefined;

  const startRenewal = (): Promise<Held> => {
    if (renewal) return renewal;
    const started = request()
      .then((token) => {
        const renewed = toHeld(token, now());
        // After a drop, a renewal that was already under way speaks for what was dropped.
        if (renewal === started) held = renewed;
        return renewed;
      })
      .finally(() => {
        if (renewal === started) renewal = undefined;
      });
    renewal = started;
    return started;
  };

  return {
    async get() {
      const nowMs = now();
      if (!held || nowMs >= held.expiresAtMs - UNUSABLE_BEFORE_MS) return (await startRenewal()).value;
      if (nowMs >= held.renewAtMs && !renewal) {
        const stale = held;
        startRenewal().catch(() => {
          // The token at hand is still good; the next attempt waits a little.
          if (held === stale) held = { ...stale, renewAtMs: now() + RENEW_AGAIN_MS };
        });
      }
      return held.value;
    },

    drop(value) {
      if (held?.value !== value) return;
      held = undefined;
      renewal = undefined;
      onDrop?.();
    },
  };
}

function toHeld({ value, expiresAtMs = Number.NaN }: Token, nowMs: number): Held {
  const endMs = Number.isFinite(expiresAtMs) ? expiresAtMs : nowMs + ASSUMED_LIFETIME_MS;
  return { value, expiresAtMs: endMs, renewAtMs: Math.max(endMs - RENEW_BEFORE_MS, nowMs + RENEW_AGAIN_MS) };
}
