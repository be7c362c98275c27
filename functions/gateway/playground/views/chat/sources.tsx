import type { Citation } from '../../api/wire.ts';

export interface SourcesProps {
  readonly citations: readonly Citation[];
  readonly onOpen: (citation: Citation) => void;
}

/** The passages that were put before the model. */
export function Sources({ citations, onOpen }: SourcesProps) {
  if (citations.length === 0) return <p class="faint">No passage of the documents fits the question.</p>;
  return (
    <ol class="sources" aria-label="Sources">
      {citations.map((citation) => (
        <li key={citation.index}>
          <button type="button" class="source" onClick={() => onOpen(citation)}>
            <span class="source-number">{citation.index}</span>
            <span class="source-title">{citation.title ?? citation.source ?? citation.document_id}</span>
            <span class="number faint">{citation.score.toFixed(2)}</span>
          </button>
        </li>
      ))}
    </ol>
  );
}
