import { toAppError } from '../../contracts/app-error.ts';
import { createLimiter, type Limiter } from '../../rag/concurrency.ts';

/** What a flight brought: something of its own, something that all may share, or both. */
export interface Landed<Own, Shared> {
  readonly own?: Own;
  readonly shared?: Shared;
}

export interface SingleFlight<Own, Shared> {
  /**
   * Flies, or waits for the flight of the same key that is under way. Whoever waits gets what is shared; when there is
   * nothing to share, because the flight failed or brought what belongs to one alone, it flies itself, a few at a time,
   * and stops as soon as one of them has something to share.
   *
   * A flight has a signal of its own, which is aborted only when all who wait for it have left. Its `own` goes to the
   * first of them that is still there.
   *
   * @throws what the own flight throws; AppError `cancelled`, or what the signal was aborted with.
   */
  join(passenger: Passenger<Own, Shared>): Promise<Landed<Own, Shared>>;
}

export interface Passenger<Own, Shared> {
  readonly key: string;
  readonly signal: AbortSignal;
  readonly fly: (signal: AbortSignal) => Promise<Landed<Own, Shared>>;
}

interface Flight<Own, Shared> {
  readonly controller: AbortController;
  /** Never rejects. */
  readonly landing: Promise<Landed<Own, Shared> | { readonly error: unknown }>;
  readonly limiter: Limiter;
  waiting: number;
  isOwnTaken: boolean;
  /** What those who fly themselves found to share. */
  shared: Shared | undefined;
}

export interface SingleFlightOptions {
  /** Most flights at a time of those whose common flight gave them nothing, per key. Default 10. */
  readonly maxAlone?: number;
}

/** Equal work that is asked for at the same time is done once. `Shared` is never undefined. */
export function createSingleFlight<Own, Shared>({
  maxAlone = 10,
}: SingleFlightOptions = {}): SingleFlight<Own, Shared> {
  const flights = new Map<string, Flight<Own, Shared>>();

  const forget = (key: string, flight: Flight<Own, Shared>): void => {
    if (flights.get(key) === flight) flights.delete(key);
  };

  const start = ({ key, fly }: Passenger<Own, Shared>): Flight<Own, Shared> => {
    const controller = new AbortController();
    const landing = (async () => await fly(controller.signal))().catch((error: unknown) => ({ error }));
    const limiter = createLimiter(maxAlone);
    const flight = { controller, landing, limiter, waiting: 0, isOwnTaken: false, shared: undefined };
    flights.set(key, flight);
    // Registered before anybody waits, so that whoever is told of the landing does not find this flight again.
    void landing.then(() => forget(key, flight));
    return flight;
  };

  /** Resolves with the landing, in the order of arrival; leaves the flight when the passenger's signal aborts. */
  const wait = (
    flight: Flight<Own, Shared>,
    { key, signal }: Passenger<Own, Shared>,
  ): Promise<Landed<Own, Shared> | { readonly error: unknown }> =>
    new Promise((resolve, reject) => {
      let isGone = false;
      const leave = (): void => {
        isGone = true;
        flight.waiting -= 1;
        reject(toAppError(signal.reason, signal));
        if (flight.waiting > 0) return;
        forget(key, flight);
        flight.controller.abort(signal.reason);
      };
      flight.waiting += 1;
      signal.addEventListener('abort', leave, { once: true });
      void flight.landing.then((landed) => {
        signal.removeEventListener('abort', leave);
        if (isGone) return;
        if ('error' in landed || landed.own === undefined) resolve(landed);
        else {
          resolve(flight.isOwnTaken ? withoutOwn(landed) : landed);
          flight.isOwnTaken = true;
        }
      });
    });

  return {
    async join(passenger) {
      const { key, signal, fly } = passenger;
      if (signal.aborted) throw toAppError(signal.reason, signal);
      const known = flights.get(key);
      const flight = known ?? start(passenger);
      const landed = await wait(flight, passenger);
      if (!('error' in landed)) {
        if (landed.own !== undefined || landed.shared !== undefined) return landed;
      } else if (!known) throw landed.error;
      return await flight.limiter(async () => {
        if (flight.shared !== undefined) return { shared: flight.shared };
        const alone = await fly(signal);
        flight.shared ??= alone.shared;
        return alone;
      }, signal);
    },
  };
}

function withoutOwn<Own, Shared>({ shared }: Landed<Own, Shared>): Landed<Own, Shared> {
  return shared === undefined ? {} : { shared };
}
