import { useRef, useState } from 'preact/hooks';
import { ApiError } from '../../api/api-error.ts';
import type { SearchAnswer } from '../../api/wire.ts';
import { ErrorNotice } from '../../parts/error-notice.tsx';
import { formatMs, formatUsd, plural } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import type { Session } from '../../state/session.ts';
import { type Condition, toFilter } from './filter.ts';
import { FilterEditor } from './filter-editor.tsx';
import { ResultView } from './result-view.tsx';

type Search =
  | { readonly state: 'idle' }
  | { readonly state: 'running' }
  | { readonly state: 'done'; readonly answer: SearchAnswer; readonly ms: number }
  | { readonly state: 'failed'; readonly error: ApiError };

const MODES = [
  ['', 'Automatic'],
  ['hybrid', 'Hybrid'],
  ['vector', 'Meaning'],
  ['lexical', 'Words'],
] as const;

export function SearchView({ session }: { readonly session: Session }) {
  const [query, setQuery] = useState('');
  const [mode, setMode] = useState('');
  const [topK, setTopK] = useState('8');
  const [collection, setCollection] = useState('');
  const [conditions, setConditions] = useState<readonly Condition[]>([]);
  const [search, setSearch] = useState<Search>({ state: 'idle' });
  const running = useRef<AbortController | undefined>(undefined);

  const run = async (): Promise<void> => {
    if (query.trim() === '') return;
    running.current?.abort();
    const abort = new AbortController();
    running.current = abort;
    setSearch({ state: 'running' });
    const startedAt = performance.now();
    const filter = toFilter(conditions);
    try {
      const answer = await session.api.post<SearchAnswer>(
        '/v1/search',
        {
          query,
          highlights: true,
          top_k: Number(topK) || 8,
          ...(mode === '' ? {} : { mode }),
          ...(collection.trim() === '' ? {} : { collection: collection.trim() }),
          ...(filter === undefined ? {} : { filter }),
        },
        abort.signal,
      );
      setSearch({ state: 'done', answer, ms: performance.now() - startedAt });
    } catch (error) {
      if (!abort.signal.aborted) setSearch({ state: 'failed', error: ApiError.from(error) });
    }
  };

  return (
    <div class="page">
      <h1>Search</h1>
      <form
        class="search-form"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <div class="search-row">
          <input
            type="search"
            data-main-field
            class="search-field"
            aria-label="What to look for"
            placeholder="What are you looking for?"
            value={query}
            onInput={(event) => setQuery(event.currentTarget.value)}
          />
          <button type="submit" class="primary" disabled={query.trim() === ''}>
            <Icon name="search" />
            Search
          </button>
        </div>
        <div class="options">
          <label>
            Mode
            <select value={mode} onChange={(event) => setMode(event.currentTarget.value)}>
              {MODES.map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          </label>
          <label>
            Results
            <input
              type="number"
              min="1"
              max="100"
              value={topK}
              onInput={(event) => setTopK(event.currentTarget.value)}
            />
          </label>
          <label>
            Collection
            <input
              placeholder="default"
              value={collection}
              onInput={(event) => setCollection(event.currentTarget.value)}
            />
          </label>
        </div>
        <FilterEditor conditions={conditions} onChange={setConditions} />
      </form>
      <SearchOutcome search={search} onRetry={() => void run()} onKey={() => session.isKeyOpen.set(true)} />
    </div>
  );
}

interface SearchOutcomeProps {
  readonly search: Search;
  readonly onRetry: () => void;
  readonly onKey: () => void;
}

function SearchOutcome({ search, onRetry, onKey }: SearchOutcomeProps) {
  if (search.state === 'idle') {
    return <p class="empty-line">Passages that fit appear here, best first, with their words marked.</p>;
  }
  if (search.state === 'running')
    return (
      <p class="empty-line" aria-live="polite">
        Searching…
      </p>
    );
  if (search.state === 'failed') return <ErrorNotice error={search.error} onRetry={onRetry} onKey={onKey} />;
  const { data, sluice } = search.answer;
  const best = Math.max(...data.map(({ score }) => score), 0);
  return (
    <section aria-label="Results">
      <p class="facts" aria-live="polite">
        <span class="strong">{data.length === 0 ? 'Nothing found' : plural(data.length, 'passage')}</span>
        <span>{formatMs(search.ms)}</span>
        <span>{formatUsd(sluice.cost_usd)}</span>
        {sluice.reads == null ? null : <span>{plural(sluice.reads, 'read')}</span>}
      </p>
      {data.length === 0 ? (
        <p class="empty-line">Use other words, fewer conditions, or drop a file under Documents first.</p>
      ) : (
        <ol class="results">
          {data.map((result) => (
            <ResultView key={result.id} result={result} best={best} />
          ))}
        </ol>
      )}
    </section>
  );
}
