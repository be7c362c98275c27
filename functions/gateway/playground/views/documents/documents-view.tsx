import { useEffect, useState } from 'preact/hooks';
import type { Library } from '../../state/library.ts';
import { keyOf } from '../../state/library.ts';
import { useStore } from '../../state/store.ts';
import { DropZone } from './drop-zone.tsx';
import { EntryView } from './entry-view.tsx';

export interface DocumentsViewProps {
  readonly library: Library;
  readonly isShown: boolean;
  readonly onKey: () => void;
}

export function DocumentsView({ library, isShown, onKey }: DocumentsViewProps) {
  const entries = useStore(library.entries);
  const states = useStore(library.states);
  const [collection, setCollection] = useState('');
  const [wanted, setWanted] = useState('');
  const target = collection.trim() || 'default';
  useEffect(() => {
    if (isShown) void library.refresh();
  }, [isShown, library]);
  return (
    <div class="page">
      <h1>Documents</h1>
      <DropZone onFiles={(files) => void library.add(files, target)} />
      <div class="options">
        <label>
          Collection
          <input
            placeholder="default"
            value={collection}
            onInput={(event) => setCollection(event.currentTarget.value)}
          />
        </label>
        <form
          class="look-up"
          onSubmit={(event) => {
            event.preventDefault();
            if (wanted.trim() !== '') void library.lookUp(wanted.trim(), target);
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
