import { useState } from 'preact/hooks';
import type { SearchResult } from '../../api/wire.ts';
import { formatCount } from '../../parts/format.ts';
import { MarkedText } from '../../parts/marked-text.tsx';
import { ScoreBar } from '../../parts/score-bar.tsx';

/** Characters of a passage that are shown before somebody asks for all of it. */
const SHOWN = 420;
/** Metadata that the page shows in another place. */
const PLACED: ReadonlySet<string> = new Set(['title', 'source', 'start', 'end', 'chunk_index', 'chunk_count']);

export interface ResultViewProps {
  readonly result: SearchResult;
  /** Score of the best result. */
  readonly best: number;
}

/** A passage that was found. */
export function ResultView({ result, best }: ResultViewProps) {
  const [isWhole, setIsWhole] = useState(false);
  const { content, highlights = [], metadata, score, scores, document_id: documentId } = result;
  const isLong = content.length > SHOWN + 80;
  const shown = isLong && !isWhole ? content.slice(0, SHOWN) : content;
  const title = textOf(metadata.title) ?? textOf(metadata.source) ?? documentId;
  const extra = Object.entries(metadata).filter(([name, value]) => !PLACED.has(name) && value !== null);
  return (
    <li class="result">
      <div class="result-head">
        <h2>{title}</h2>
        <ScoreBar score={score} best={best} />
      </div>
      <p class="result-text">
        <MarkedText text={shown} highlights={highlights.filter(({ end }) => end <= shown.length)} />
        {shown === content ? '' : '…'}
      </p>
      <p class="facts">
        {title === documentId ? null : <span>{documentId}</span>}
        {typeof metadata.start === 'number' && typeof metadata.end === 'number' ? (
          <span>
            characters {formatCount(metadata.start)}–{formatCount(metadata.end)}
          </span>
        ) : null}
        {typeof metadata.chunk_index === 'number' && typeof metadata.chunk_count === 'number' ? (
          <span>
            passage {metadata.chunk_index + 1} of {metadata.chunk_count}
          </span>
        ) : null}
        {scores?.vector === undefined ? null : <span>meaning {scores.vector.toFixed(3)}</span>}
        {scores === undefined ? null : <span>words {scores.lexical.toFixed(2)}</span>}
        {extra.map(([name, value]) => (
          <span key={name} class="tag">
            {name}: {Array.isArray(value) ? value.join(', ') : String(value)}
          </span>
        ))}
        {isLong ? (
          <button type="button" class="quiet small" aria-expanded={isWhole} onClick={() => setIsWhole(!isWhole)}>
            {isWhole ? 'Less' : 'Whole passage'}
          </button>
        ) : null}
      </p>
    </li>
  );
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
