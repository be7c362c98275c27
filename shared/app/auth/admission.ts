import { ipVersion } from '../../config/cidr.ts';
import type { SluiceConfig } from '../../config/types.ts';
import { AppError } from '../../contracts/app-error.ts';
import { type ClientLimiter, type ClientRate, createClientLimiter } from '../../resilience/client-limiter.ts';

/** Where a request comes from, as far as the transport knows. */
export interface RequestOrigin {
  readonly header: (name: string) => string | undefined;
  readonly remoteAddress: string | undefined;
}

/** How often callers may come, per instance: decided before anything is done for them. */
export interface Admission {
  /** For callers without a key: by address. @throws AppError `rate_limit`. */
  admitAddress(origin: RequestOrigin): void;
  /** A credential that is not known costs its sender, so that guessing ends soon. @throws AppError `rate_limit`. */
  admitGuess(origin: RequestOrigin): void;
  /** What looked like a guess was none. */
  forgiveGuess(origin: RequestOrigin): void;
  /** For holders of a credential: by its name. @throws AppError `rate_limit`. */
  admitKey(key: NamedLimit): void;
  /** What is left of a credential's own limit, as OpenAI's headers say it; empty where it has none. */
  limitHeaders(key: NamedLimit): Readonly<Record<string, string>>;
}

export interface NamedLimit {
  readonly name: string;
  readonly requestsPerMinute?: number | undefined;
}

export interface AdmissionOptions {
  readonly config: Pick<SluiceConfig, 'limits' | 'production'>;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
}

/** Wrong keys an address may send at once, and in the long run per second, where no other limit is configured. */
const GUESSES: ClientRate = { perSecond: 1, burst: 20 };

export function createAdmission({ config, now }: AdmissionOptions): Admission {
  const { client, requestsPerMinute } = config.limits;
  const limiter = (): ClientLimiter => createClientLimiter(now === undefined ? {} : { now });
  const [addresses, guesses, keys, everybody] = [limiter(), limiter(), limiter(), limiter()];
  const rate: ClientRate | undefined = client && { perSecond: client.requestsPerSecond, burst: client.burst };
  // Without Google's proxies before us nobody vouches for the header.
  const hops = config.production ? (config.limits.forwardedHops ?? 0) : undefined;
  const addressOf = (origin: RequestOrigin): string => toAddress(origin, hops);

  const take = (from: ClientLimiter, id: string, limit: ClientRate | undefined): void => {
    if (limit === undefined) return;
    const verdict = from.take(id, limit);
    if (!verdict.allowed) throw tooMany(verdict.retryAfterMs);
  };
  /** Last, so that who is refused uses up nothing of what everybody shares. */
  const takeShared = (): void =>
    take(everybody, '', requestsPerMinute === undefined ? undefined : { perMinute: requestsPerMinute });

  return {
    admitAddress(origin) {
      if (rate) take(addresses, addressOf(origin), rate);
      takeShared();
    },
    admitGuess: (origin) => take(guesses, addressOf(origin), GUESSES),
    forgiveGuess: (origin) => guesses.correct(addressOf(origin), GUESSES, -1),
    admitKey({ name, requestsPerMinute: own }) {
      take(addresses, `key ${name}`, rate);
      take(keys, name, own === undefined ? undefined : { perMinute: own });
      takeShared();
    },
    limitHeaders({ name, requestsPerMinute: own }) {
      if (own === undefined) return {};
      const { left, fullInMs } = keys.left(name, { perMinute: own });
      return {
        'x-ratelimit-limit-requests': String(own),
        'x-ratelimit-remaining-requests': String(left),
        'x-ratelimit-reset-requests': `${Math.ceil(fullInMs / 1000)}s`,
      };
    },
  };
}

/**
 * Google appends the address that it sees to `x-forwarded-for`, whatever the client wrote before it: the last entry is
 * the client of a function, and behind a load balancer that appends its own address too, the one before. What stands
 * further left is the client's word.
 * @param hops entries that proxies of our own appended; undefined where nobody vouches for the header, and the socket tells.
 */
function toAddress({ header, remoteAddress = '' }: RequestOrigin, hops: number | undefined): string {
  const forwarded =
    hops === undefined
      ? undefined
      : header('x-forwarded-for')
          ?.split(',')
          .at(-1 - hops)
          ?.trim();
  const address = forwarded !== undefined && ipVersion(forwarded) !== 0 ? forwarded : remoteAddress;
  // A network of its own is what one customer gets: its last 64 bits are free to choose.
  return ipVersion(address) === 6 && !address.startsWith('::ffff:') ? prefixOf(address) : address;
}

function prefixOf(address: string): string {
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : new Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  return [...before, ...zeros, ...after].slice(0, 4).join(':');
}

function tooMany(retryAfterMs: number): AppError {
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  return new AppError('rate_limit', `Too many requests: the next one is taken in ${seconds} s.`, { retryAfterMs });
}
