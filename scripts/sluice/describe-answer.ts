import type { StreamedAnswer } from './stream-answer.ts';
import { type Paint, plain, toCount, toDollars } from './terminal.ts';

/** Who answered, how fast, and what it cost, in one line. */
export function describeNote({ note, tokens, finishReason, firstTextMs, totalMs }: StreamedAnswer): string {
  const failed = note?.attempts.filter(({ code }) => code !== undefined) ?? [];
  const parts = [
    note === undefined ? 'answered' : plain(`${note.provider}/${note.model}`),
    ...(note?.cached ? ['from the cache'] : []),
    ...failed.map(({ provider, model, code }) => plain(`after ${provider}/${model}: ${code}`)),
    `first words after ${toSeconds(firstTextMs ?? totalMs)}, all after ${toSeconds(totalMs)}`,
    ...(tokens === undefined ? [] : [`${toCount(tokens)} tokens`]),
    ...(note === undefined ? [] : [note.cost_usd === null ? 'cost unknown' : toDollars(note.cost_usd)]),
    ...(finishReason === undefined || finishReason === 'stop' ? [] : [`ended by ${finishReason}`]),
  ];
  return parts.join(' · ');
}

/** The passages that an answer was given, numbered as the answer refers to them. */
export function listCitations({ note }: StreamedAnswer, paint: Paint): string {
  const citations = note?.citations ?? [];
  if (citations.length === 0) return 'No passage was found for it.';
  return citations
    .map(({ index, score, title, document_id: id, source }) => {
      const name = plain(title ?? source ?? id);
      const where = source === undefined || source === name ? '' : `  ${paint('dim', plain(source))}`;
      return `${paint('cyan', `[${index}]`)} ${score.toFixed(2)}  ${name}${where}`;
    })
    .join('\n');
}

function toSeconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
