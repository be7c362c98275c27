import { ApiError } from '../api/api-error.ts';
import type { Api } from '../api/client.ts';
import type { DocumentObject } from '../api/wire.ts';
import { createSavedStore } from './saved.ts';
import { createStore, type Store } from './store.ts';
import { contentTypeOf, readBase64, toDocumentId } from './upload-file.ts';

/** A document that this browser sent or looked up. What it says is the service's alone. */
export interface LibraryEntry {
  readonly id: string;
  readonly collection: string;
  readonly bytes?: number;
}

/** What is known of an entry at the moment. */
export type EntryState =
  | { readonly step: 'queued' | 'reading' | 'indexing' | 'checking' | 'deleting' | 'gone' }
  | { readonly step: 'sending'; readonly share: number }
  | { readonly step: 'known'; readonly document: DocumentObject }
  | { readonly step: 'failed'; readonly error: ApiError };

export interface Library {
  readonly entries: Store<readonly LibraryEntry[]>;
  /** By `keyOf`. */
  readonly states: Store<Readonly<Record<string, EntryState>>>;
  add(files: readonly File[], collection: string): Promise<void>;
  lookUp(id: string, collection: string): Promise<void>;
  /** Asks for the state of all entries anew. */
  refresh(): Promise<void>;
  remove(entry: LibraryEntry): Promise<void>;
  /** Takes an entry off the list; the service keeps what it has. */
  forget(entry: LibraryEntry): void;
}

export function keyOf({ id, collection }: LibraryEntry): string {
  return `${collection}/${id}`;
}

const AT_ONCE = 2;
const MOST_ENTRIES = 200;

export function createLibrary(api: Api): Library {
  const entries = createSavedStore<readonly LibraryEntry[]>('sluice.documents', []);
  const states = createStore<Readonly<Record<string, EntryState>>>({});
  const setState = (entry: LibraryEntry, state: EntryState): void =>
    states.set({ ...states.get(), [keyOf(entry)]: state });
  const keep = (entry: LibraryEntry): void => {
    const others = entries.get().filter((other) => keyOf(other) !== keyOf(entry));
    entries.set([entry, ...others].slice(0, MOST_ENTRIES));
  };
  const fail = (entry: LibraryEntry, error: unknown): void =>
    setState(entry, { step: 'failed', error: ApiError.from(error) });

  const send = async (entry: LibraryEntry, file: File): Promise<void> => {
    try {
      const contentType = contentTypeOf(file);
      setState(entry, { step: 'reading' });
      const body = {
        id: entry.id,
        source: file.name.slice(0, 2048),
        content_base64: await readBase64(file),
        content_type: contentType,
        ...(entry.collection === 'default' ? {} : { collection: entry.collection }),
      };
      const { data } = await api.upload<{ data: DocumentObject[] }>('/v1/documents', body, (share) =>
        setState(entry, share < 1 ? { step: 'sending', share } : { step: 'indexing' }),
      );
      const [document] = data;
      if (document) setState(entry, { step: 'known', document });
    } catch (error) {
      fail(entry, error);
    }
  };

  const check = async (entry: LibraryEntry): Promise<void> => {
    const before = states.get()[keyOf(entry)];
    // What is known stays as it is meanwhile: its button would vanish under the finger, or under the focus.
    if (before?.step !== 'known') setState(entry, { step: 'checking' });
    const shown = states.get()[keyOf(entry)];
    const found = await find(entry);
    // Whatever was done to it in the meantime is newer.
    if (states.get()[keyOf(entry)] === shown) setState(entry, found);
  };

  const find = async (entry: LibraryEntry): Promise<EntryState> => {
    try {
      return { step: 'known', document: await api.get<DocumentObject>(pathOf(entry)) };
    } catch (error) {
      const failure = ApiError.from(error);
      return failure.status === 404 ? { step: 'gone' } : { step: 'failed', error: failure };
    }
  };

  return {
    entries,
    states,

    async add(files, collection) {
      const jobs = files.map((file) => ({
        file,
        entry: { id: toDocumentId(file.name), collection, bytes: file.size },
      }));
      for (const { entry } of jobs) {
        keep(entry);
        setState(entry, { step: 'queued' });
      }
      await inTurns(jobs, ({ entry, file }) => send(entry, file));
    },

    async lookUp(id, collection) {
      const entry = { id, collection };
      keep(entry);
      await check(entry);
    },

    async refresh() {
      const idle = entries.get().filter((entry) => {
        const step = states.get()[keyOf(entry)]?.step;
        return step === undefined || step === 'known' || step === 'gone';
      });
      await inTurns(idle, check);
    },

    async remove(entry) {
      setState(entry, { step: 'deleting' });
      try {
        await api.remove(pathOf(entry));
        this.forget(entry);
      } catch (error) {
        const failure = ApiError.from(error);
        if (failure.status === 404) this.forget(entry);
        else fail(entry, failure);
      }
    },

    forget(entry) {
      entries.set(entries.get().filter((other) => keyOf(other) !== keyOf(entry)));
    },
  };
}

function pathOf({ id, collection }: LibraryEntry): string {
  const query = collection === 'default' ? '' : `?collection=${encodeURIComponent(collection)}`;
  return `/v1/documents/${encodeURIComponent(id)}${query}`;
}

/** A few at a time, in order. */
async function inTurns<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
