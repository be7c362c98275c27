import { createStore, type Store } from './store.ts';

/** A store that is kept in this browser between visits. */
export function createSavedStore<Value>(name: string, initial: Value): Store<Value> {
  const store = createStore(read<Value>(name) ?? initial);
  store.subscribe(() => {
    try {
      localStorage.setItem(name, JSON.stringify(store.get()));
    } catch {
      // A browser that keeps nothing still shows the page.
    }
  });
  return store;
}

function read<Value>(name: string): Value | undefined {
  try {
    return JSON.parse(localStorage.getItem(name) ?? 'null') ?? undefined;
  } catch {
    return undefined;
  }
}
