import type { Citation } from '../../api/wire.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { formatCount } from '../../parts/format.ts';
import { ScoreBar } from '../../parts/score-bar.tsx';

export interface PassageDialogProps {
  readonly citation: Citation;
  readonly onClose: () => void;
}

/** A cited passage, and where it stands. */
export function PassageDialog({ citation, onClose }: PassageDialogProps) {
  const { index, title, source, document_id: documentId, score, start, end, content } = citation;
  return (
    <Dialog kind="side" title={`[${index}] ${title ?? source ?? documentId}`} onClose={onClose}>
      <dl class="passage-facts">
        <dt>Document</dt>
        <dd>{documentId}</dd>
        {source === undefined || source === documentId ? null : (
          <>
            <dt>Source</dt>
            <dd>{source}</dd>
          </>
        )}
        {start === undefined || end === undefined ? null : (
          <>
            <dt>Characters</dt>
            <dd class="number">
              {formatCount(start)}–{formatCount(end)}
            </dd>
          </>
        )}
        <dt>Score</dt>
        <dd>
          <ScoreBar score={score} best={1} />
        </dd>
      </dl>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long passage scrolls, and keys must be able to scroll it. */}
      <blockquote class="passage" tabIndex={0}>
        {content ?? 'The text of this passage was not sent along.'}
      </blockquote>
    </Dialog>
  );
}
