import { useState } from 'preact/hooks';
import { ErrorNotice } from '../../parts/error-notice.tsx';
import { formatBytes, formatUsd, plural } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import type { EntryState, Library, LibraryEntry } from '../../state/library.ts';

export interface EntryViewProps {
  readonly entry: LibraryEntry;
  readonly state: EntryState;
  readonly library: Library;
  readonly onKey: () => void;
}

/** A document and what became of it. */
export function EntryView({ entry, state, library, onKey }: EntryViewProps) {
  const { id, collection, bytes } = entry;
  const share = shareOf(state);
  const failure = state.step === 'failed' ? state.error : undefined;
  return (
    <li class="entry">
      <div class="entry-row">
        <Icon name="file" />
        <div class="entry-name">
          <span class="strong">{id}</span>
          <span class="facts">
            {bytes === undefined ? null : <span>{formatBytes(bytes)}</span>}
            {collection === 'default' ? null : <span class="tag">{collection}</span>}
            {describe(state).map((words) => (
              <span key={words}>{words}</span>
            ))}
          </span>
        </div>
        <span class={`status ${toneOf(state)}`} aria-live="polite">
          {labelOf(state)}
        </span>
        <EntryActions entry={entry} state={state} library={library} />
      </div>
      {share === undefined ? null : (
        <progress
          class="progress"
          max="1"
          aria-label={`Upload of ${id}`}
          {...(share === null ? {} : { value: share })}
        />
      )}
      {failure === undefined ? null : <ErrorNotice error={failure} onKey={onKey} />}
      {state.step === 'known' && state.document.error ? (
        <p class="notice">
          <code>{state.document.error.code}</code> {state.document.error.message}
        </p>
      ) : null}
    </li>
  );
}

function EntryActions({ entry, state, library }: Omit<EntryViewProps, 'onKey'>) {
  const [isAsking, setIsAsking] = useState(false);
  if (state.step !== 'known' && state.step !== 'gone' && state.step !== 'failed') return <span class="entry-actions" />;
  if (state.step !== 'known') {
    return (
      <span class="entry-actions">
        <button type="button" class="quiet small" onClick={() => library.forget(entry)}>
          Off the list
          <span class="sr-only"> {entry.id}</span>
        </button>
      </span>
    );
  }
  return (
    <span class="entry-actions">
      <button
        type="button"
        class={isAsking ? 'danger small' : 'quiet small'}
        onBlur={() => setIsAsking(false)}
        onClick={() => (isAsking ? void library.remove(entry) : setIsAsking(true))}
      >
        {isAsking ? 'Really delete?' : 'Delete'}
        <span class="sr-only"> {entry.id}</span>
      </button>
    </span>
  );
}

/** Of 1; null while nobody can say. */
function shareOf(state: EntryState): number | null | undefined {
  if (state.step === 'sending') return state.share;
  return ['queued', 'reading', 'indexing'].includes(state.step) ? null : undefined;
}

function labelOf(state: EntryState): string {
  switch (state.step) {
    case 'queued':
      return 'Waiting';
    case 'reading':
      return 'Reading';
    case 'sending':
      return `Sending ${Math.round(state.share * 100)} %`;
    case 'indexing':
      return 'Indexing';
    case 'checking':
      return 'Asking';
    case 'deleting':
      return 'Deleting';
    case 'gone':
      return 'Not there';
    case 'failed':
      return 'Failed';
    case 'known':
      return (
        { ready: 'Ready', unchanged: 'Unchanged', failed: 'Failed' }[state.document.status] ?? state.document.status
      );
  }
}

function toneOf(state: EntryState): 'good' | 'bad' | 'neutral' {
  if (state.step === 'failed' || (state.step === 'known' && state.document.status === 'failed')) return 'bad';
  return state.step === 'known' ? 'good' : 'neutral';
}

function describe(state: EntryState): string[] {
  if (state.step !== 'known') return [];
  const { chunks, embedded, skipped, tokens, cost_usd: cost, updated_at: updatedAt } = state.document;
  return [
    plural(chunks, 'passage'),
    ...(embedded ? [`${embedded} embedded`] : []),
    ...(skipped ? [`${skipped} unchanged`] : []),
    ...(tokens ? [plural(tokens, 'token'), formatUsd(cost ?? null)] : []),
    ...(updatedAt === undefined ? [] : [new Date(updatedAt).toLocaleString()]),
  ];
}
