/**
 * Watches abort signals on behalf of many waiters with one listener per signal: a request's signal may have hundreds of
 * waiters, and Node warns of a leak above ten listeners.
 */
export function createAbortWatch() {
  const watched = new Map<AbortSignal, { readonly waiters: Set<() => void>; readonly onAbort: () => void }>();

  /**
   * @param notify called when the signal is aborted, at most once; never for a signal that is aborted already.
   * @returns a function that ends the watch.
   */
  return (signal: AbortSignal, notify: () => void): (() => void) => {
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
    waiters.add(notify);
    return () => {
      waiters.delete(notify);
      if (waiters.size > 0 || watched.get(signal)?.waiters !== waiters) return;
      watched.delete(signal);
      signal.removeEventListener('abort', onAbort);
    };
  };
}
