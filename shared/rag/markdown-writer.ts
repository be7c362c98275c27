/** Puts inline text and block borders together as Markdown, white space collapsed as a browser does. */
export interface MarkdownWriter {
  /** Inline text; any run of white space is one space, none at the beginning of a line. */
  text(text: string): void;
  /** What a picture shows: as text, with a space between it and the words beside it. */
  picture(text: string): void;
  /** At least that many line breaks before whatever comes next. */
  breakLine(count: 1 | 2): void;
  /** What the next line begins with, e.g. `## ` or `- `; the lines after it are indented by `indent`. */
  mark(mark: string): void;
  indent(indent: string): void;
  /** Text as it is, a block of its own. */
  block(text: string): void;
  finish(): string;
}

/** Soft hyphens are places where a word may be broken, and would make two words of it here. */
const collapse = (text: string): string => text.replaceAll('\u00ad', '').replace(/\s+/g, ' ');

const OPENING = /[\p{Ps}\p{Pi}]$/u;
const CLOSING = /^[\p{Pe}\p{Pf}.,:;!?…]/u;

export function createMarkdownWriter(): MarkdownWriter {
  const parts: string[] = [];
  let breaks = 0;
  let space = false;
  let isPicture = false;
  let marked = '';
  let indented = '';

  /** Whatever is due before more is written. */
  const lead = (): string => {
    const start = parts.length === 0 || breaks > 0 ? marked || indented : '';
    const due = parts.length === 0 ? start : breaks > 0 ? '\n'.repeat(breaks) + start : space ? ' ' : '';
    breaks = 0;
    space = false;
    isPicture = false;
    marked = '';
    return due;
  };

  return {
    text(text) {
      const collapsed = collapse(text);
      if (collapsed === '') return;
      if (collapsed.startsWith(' ')) space = true;
      const trimmed = collapsed.trim();
      if (trimmed === '') return;
      if (isPicture && !CLOSING.test(trimmed)) space = true;
      parts.push(lead(), trimmed);
      space = collapsed.endsWith(' ');
    },
    picture(text) {
      const shown = collapse(text).trim();
      if (shown === '') return;
      if (!OPENING.test(parts.at(-1)?.at(-1) ?? '')) space = true;
      parts.push(lead(), shown);
      isPicture = true;
    },
    breakLine(count) {
      if (parts.length > 0) breaks = Math.max(breaks, count);
      space = false;
    },
    mark(mark) {
      marked = mark;
    },
    indent(indent) {
      indented = indent;
    },
    block(text) {
      if (text === '') return;
      if (parts.length > 0) breaks = 2;
      parts.push(lead(), text);
      breaks = 2;
    },
    finish: () => parts.join(''),
  };
}
