import { useEffect, useState } from 'preact/hooks';
import type { Library } from '../../state/library.ts';
import { keyOf } from '../../state/library.ts';
import { type Store, useStore } from '../../state/store.ts';
import { DropZone } from './drop-zone.tsx';
import { EntryView } from './entry-view.tsx';

export interface DocumentsViewProps {
  readonly library: Library;
  /** Where files go; blank for the default one. */
  readonly collection: Store<string>;
  readonly isShown: boolean;
  /** Files are held over the page. */
  readonly isOver: boolean;
  readonly onFiles: (files: readonly File[]) => void;
  readonly onKey: () => void;
}

export function DocumentsView({ library, collection, isShown, isOver, onFiles, onKey }: DocumentsViewProps) {
  const entries = useStore(library.entries);
  const states = useStore(library.states);
  const written = useStore(collection);
  const [wanted, setWanted] = useState('');
  useEffect(() => {
    if (isShown) void library.refresh();
  }, [isShown, library]);
  return (
    <div class="page">
      <h1>Documents</h1>
      <DropZone isOver={isOver} onFiles={onFiles} />
      <div class="options">
        <label>
          Collection
          <input placeholder="default" value={written} onInput={(event) => collection.set(event.currentTarget.value)} />
        </label>
        <form
          class="look-up"
          onSubmit={(event) => {
            event.preventDefault();
            if (wanted.trim() !== '') void library.lookUp(wanted.trim(), written.trim() || 'default');
            setWanted('');
          }}
        >
          <label>
            Look up by id
            <input placeholder="handbook" value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} />
          </label>
          <button type="submit" disabled={wanted.trim() === ''}>
            Look up
          </button>
        </form>
      </div>
      {entries.length === 0 ? (
        <p class="empty-line">Nothing here yet: drop a file. This list is kept in this browser alone.</p>
      ) : (
        <ul class="entries" aria-label="Documents">
          {entries.map((entry) => (
            <EntryView
              key={keyOf(entry)}
              entry={entry}
              state={states[keyOf(entry)] ?? { step: 'checking' }}
              library={library}
              onKey={onKey}
            />
          ))}
        </ul>
      )}
    </div>
  );
}
