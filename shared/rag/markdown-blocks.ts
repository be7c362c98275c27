import { trimSpan } from './text-boundaries.ts';

/** A paragraph, a heading line or a fenced code block: trimmed, in order, and together all of the text. */
export interface Block {
  readonly kind: 'heading' | 'paragraph' | 'code';
  readonly start: number;
  readonly end: number;
  /** Titles of the headings it stands under, outermost first; a heading stands under itself. */
  readonly headings: readonly string[];
}

const MAX_TITLE_LENGTH = 200;

/** The mark of `# Title`, up to three spaces in. */
const HEADING_MARK = /^ {0,3}(#{1,6})(?=\s|$)/;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;

/**
 * Reads the structure of Markdown, or of plain text, which is Markdown of paragraphs alone. One pass over the lines.
 */
export function toBlocks(text: string): Block[] {
  const blocks: Block[] = [];
  const path: { readonly level: number; readonly title: string }[] = [];
  let headings: readonly string[] = [];
  let paragraphStart = -1;
  let paragraphLines = 0;
  let position = 0;

  const push = (kind: Block['kind'], start: number, end: number): void => {
    const span = trimSpan(text, start, end);
    if (span !== undefined) blocks.push({ kind, ...span, headings });
  };
  const endParagraph = (end: number): void => {
    if (paragraphStart >= 0) push('paragraph', paragraphStart, end);
    paragraphStart = -1;
    paragraphLines = 0;
  };
  const heading = (level: number, title: string, start: number, end: number): void => {
    while ((path.at(-1)?.level ?? 0) >= level) path.pop();
    path.push({ level, title: title.trim().slice(0, MAX_TITLE_LENGTH) });
    headings = path.map((entry) => entry.title).filter((entry) => entry !== '');
    push('heading', start, end);
  };

  while (position < text.length) {
    const next = lineEnd(text, position);
    // The first character tells most lines apart; one that is longer than this is no heading, whatever it begins with.
    const first = firstMark(text, position, next);
    const line = first === '' ? '' : text.slice(position, Math.min(next, position + 1000));
    const fence = first === '`' || first === '~' ? FENCE.exec(line)?.[1] : undefined;
    const mark = first === '#' ? HEADING_MARK.exec(line) : null;
    const underline = paragraphLines === 1 && (first === '=' || first === '-') ? underlineLevel(line) : 0;

    if (fence !== undefined) {
      endParagraph(position);
      const end = fenceEnd(text, next, fence);
      push('code', position, end);
      position = end;
      continue;
    }
    if (mark !== null) {
      endParagraph(position);
      heading(mark[1]?.length ?? 1, withoutClosingMarks(line.slice(mark[0].length)), position, next);
    } else if (underline > 0) {
      const title = text.slice(paragraphStart, position);
      const start = paragraphStart;
      paragraphStart = -1;
      paragraphLines = 0;
      heading(underline, title, start, next);
    } else if (isBlank(text, position, next)) {
      endParagraph(position);
    } else {
      if (paragraphStart < 0) paragraphStart = position;
      paragraphLines += 1;
    }
    position = next;
  }
  endParagraph(text.length);
  return blocks;
}

/** The character that may make a line something else than text, or the empty string. */
function firstMark(text: string, start: number, end: number): string {
  let position = start;
  while (position < start + 3 && position < end && text.charCodeAt(position) === 0x20) position += 1;
  const character = text.charAt(position);
  return position < end && '#`~=-'.includes(character) ? character : '';
}

function lineEnd(text: string, position: number): number {
  const newline = text.indexOf('\n', position);
  return newline < 0 ? text.length : newline + 1;
}

function isBlank(text: string, start: number, end: number): boolean {
  return trimSpan(text, start, end) === undefined;
}

/** `Title ##` is `Title`; `C#` stays. */
function withoutClosingMarks(title: string): string {
  const trimmed = title.trim();
  let end = trimmed.length;
  while (end > 0 && trimmed.charAt(end - 1) === '#') end -= 1;
  return end === 0 || /\s/.test(trimmed.charAt(end - 1)) ? trimmed.slice(0, end) : trimmed;
}

/** The heading level that a line of `=` or `-` gives the line before it; 0 for any other line. */
function underlineLevel(line: string): number {
  if (/^ {0,3}={2,}\s*$/.test(line)) return 1;
  return /^ {0,3}-{2,}\s*$/.test(line) ? 2 : 0;
}

/** Where a code block ends: after its closing fence, or with the text when it has none. */
function fenceEnd(text: string, start: number, fence: string): number {
  const mark = fence.charAt(0);
  for (let position = start; position < text.length; ) {
    const next = lineEnd(text, position);
    const closes = firstMark(text, position, next) === mark && next - position < 1000;
    const closing = closes ? /^ {0,3}(`{3,}|~{3,})\s*$/.exec(text.slice(position, next)) : null;
    if (closing?.[1] !== undefined && closing[1].length >= fence.length) return next;
    position = next;
  }
  return text.length;
}
