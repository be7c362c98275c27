import type { Highlight } from '../api/wire.ts';

export interface MarkedTextProps {
  readonly text: string;
  /** Ascending and apart. */
  readonly highlights: readonly Highlight[];
}

/** A text with some of its stretches marked. */
export function MarkedText({ text, highlights }: MarkedTextProps) {
  let from = 0;
  const parts = highlights.flatMap(({ start, end }) => {
    const before = text.slice(from, start);
    from = end;
    return [before, <mark key={start}>{text.slice(start, end)}</mark>];
  });
  return (
    <>
      {parts}
      {text.slice(from)}
    </>
  );
}
