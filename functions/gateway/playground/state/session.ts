import { ApiError } from '../api/api-error.ts';
import { type Api, createApi } from '../api/client.ts';
import type { ModelObject } from '../api/wire.ts';
import { createStore, type Store } from './store.ts';

const KEY = 'sluice.key';

/** What all views share. */
export interface Session {
  readonly api: Api;
  readonly models: Store<Models>;
  /** The API key, in this tab alone; empty when there is none. */
  readonly key: Store<string>;
  /** The service has refused a request for want of a key. */
  readonly needsKey: Store<boolean>;
  readonly isKeyOpen: Store<boolean>;
  loadModels(): Promise<void>;
  /** An empty text forgets the key. */
  setKey(key: string): void;
}

export type Models =
  | { readonly state: 'loading' }
  | { readonly state: 'ready'; readonly list: readonly ModelObject[] }
  | { readonly state: 'failed'; readonly error: ApiError };

export function createSession(): Session {
  const key = createStore(sessionStorage.getItem(KEY) ?? '');
  const needsKey = createStore(false);
  const isKeyOpen = createStore(false);
  const models = createStore<Models>({ state: 'loading' });
  const api = createApi({ readKey: key.get, onUnauthorized: () => needsKey.set(true) });

  const session: Session = {
    api,
    models,
    key,
    needsKey,
    isKeyOpen,

    async loadModels() {
      try {
        const { data } = await api.get<{ data: ModelObject[] }>('/v1/models');
        models.set({ state: 'ready', list: data.filter(({ sluice }) => sluice.kind !== 'embedding') });
      } catch (error) {
        const failure = ApiError.from(error);
        models.set({ state: 'failed', error: failure });
        if (failure.status === 401) isKeyOpen.set(true);
      }
    },

    setKey(value) {
      if (value === '') sessionStorage.removeItem(KEY);
      else sessionStorage.setItem(KEY, value);
      key.set(value);
      isKeyOpen.set(false);
      models.set({ state: 'loading' });
      void session.loadModels();
    },
  };
  return session;
}
