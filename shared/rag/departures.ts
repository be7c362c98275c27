/**
 * Watches signals on behalf of many waiters. A request's signal may have hundreds of them, and one listener on it tells
 * them all: listeners cost, and Node warns of a leak above ten.
 */
export function createDepartures() {
  const watched = new Map<AbortSignal, { readonly waiters: Set<() => void>; readonly onAbort: () => void }>();

  /** @returns a function that ends the watch. `leave` is called at most once, and not for a signal that is aborted already. */
  return (signal: AbortSignal, leave: () => void): (() => void) => {
    let watch = watched.get(signal);
    if (watch === undefined) {
      const waiters = new Set<() => void>();
      const onAbort = (): void => {
        watched.delete(signal);
        for (const waiter of waiters) waiter();
      };
      watch = { waiters, onAbort };
      watched.set(signal, watch);
      signal.addEventListener('abort', onAbort, { once: true });
    }
    const { waiters, onAbort } = watch;
    waiters.add(leave);
    return () => {
      waiters.delete(leave);
      if (waiters.size > 0 || watched.get(signal)?.waiters !== waiters) return;
      watched.delete(signal);
      signal.removeEventListener('abort', onAbort);
    };
  };
}
