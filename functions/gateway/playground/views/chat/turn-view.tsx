import { useCallback } from 'preact/hooks';
import type { Citation } from '../../api/wire.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { ErrorNotice } from '../../parts/error-notice.tsx';
import { formatCount, formatMs, formatUsd, plural } from '../../parts/format.ts';
import { Markdown } from '../../parts/markdown.tsx';
import type { Turn } from '../../state/conversation.ts';
import { Sources } from './sources.tsx';
import { Timeline } from './timeline.tsx';
import { Waiting } from './waiting.tsx';

export interface TurnViewProps {
  readonly turn: Turn;
  readonly onCitation: (citation: Citation) => void;
  readonly onRetry: (() => void) | undefined;
  readonly onKey: () => void;
}

const FINISHES: Readonly<Record<string, string>> = {
  length: 'Cut off: the longest answer was reached.',
  content_filter: 'Cut off by the provider’s content filter.',
  tool_calls: 'Ended with a call of a tool that this page does not run.',
};

/** A question and its answer. */
export function TurnView({ turn, onCitation, onRetry, onKey }: TurnViewProps) {
  const { question, text, reasoning, state, facts, error, finishReason = '' } = turn;
  const cited = facts?.citations;
  const lookUp = useCallback(
    (index: number) => {
      const citation = cited?.find((candidate) => candidate.index === index);
      if (citation === undefined) return undefined;
      return {
        label: citation.title ?? citation.source ?? citation.document_id,
        open: () => onCitation(citation),
      };
    },
    [cited, onCitation],
  );
  return (
    <article class="turn" aria-busy={state === 'waiting' || state === 'streaming'}>
      <h2 class="question">
        <span class="sr-only">You asked: </span>
        {question}
      </h2>
      {reasoning === '' ? null : (
        <details class="reasoning">
          <summary>Reasoning</summary>
          <p>{reasoning}</p>
        </details>
      )}
      {state === 'waiting' ? <Waiting retrieval={turn.retrieval} /> : null}
      {text === '' ? null : <Markdown text={state === 'streaming' ? withoutHalfLink(text) : text} citations={lookUp} />}
      {state === 'stopped' ? <p class="faint">Stopped.</p> : null}
      {FINISHES[finishReason] === undefined ? null : <p class="faint">{FINISHES[finishReason]}</p>}
      {cited === undefined ? null : <Sources citations={cited} onOpen={onCitation} />}
      {error === undefined ? null : <ErrorNotice error={error} onRetry={onRetry} onKey={onKey} />}
      {facts === undefined ? null : <AnswerFoot turn={turn} />}
      {facts === undefined && error !== undefined && error.attempts.length > 0 ? (
        <Timeline attempts={error.attempts} />
      ) : null}
    </article>
  );
}

/** A link or citation that is still being written would show its address first, and then not: it waits for its end. */
function withoutHalfLink(text: string): string {
  return text.replace(/!?\[[^\]\n]{0,300}(?:\](?:\([^)\n]{0,300})?)?$/, '');
}

/** Who answered, how fast, and for how much. */
function AnswerFoot({ turn: { facts, usage, firstMs, totalMs, text } }: { readonly turn: Turn }) {
  if (facts === undefined) return null;
  const { cached, cost_usd: cost, attempts, provider, model, steps = [] } = facts;
  return (
    <footer class="answer-foot">
      <p class="facts">
        <span class="strong">{formatUsd(cost)}</span>
        {usage === undefined ? null : (
          <span title={`${formatCount(usage.prompt_tokens)} in, ${formatCount(usage.completion_tokens)} out`}>
            {plural(usage.total_tokens, 'token')}
          </span>
        )}
        {firstMs === undefined ? null : <span>first word {formatMs(firstMs)}</span>}
        {totalMs === undefined ? null : <span>whole {formatMs(totalMs)}</span>}
        {steps.length === 0 ? null : <span>{plural(steps.length, 'tool call')}</span>}
        <CopyButton text={text} what="answer" />
      </p>
      {cached ? (
        <p class="facts">
          From the cache; {provider}/{model} answered it first.
        </p>
      ) : (
        <Timeline attempts={attempts} />
      )}
    </footer>
  );
}
