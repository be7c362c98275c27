import { styleText } from 'node:util';
import type { Environment } from '../../shared/config/environment.ts';

/** The three streams of a program. */
export interface Terminal {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly errors: NodeJS.WriteStream;
}

export type Paint = (style: Parameters<typeof styleText>[0], text: string) => string;

/** Colours where somebody sees them: on a terminal, and not against the wish of `NO_COLOR` (https://no-color.org). */
export function createPaint(stream: NodeJS.WriteStream, environment: Environment): Paint {
  const colours = stream.isTTY && !environment.NO_COLOR && environment.TERM !== 'dumb';
  return colours ? (style, text) => styleText(style, text, { validateStream: false }) : (_, text) => text;
}

/**
 * Control characters but tab and end of line, the two separators that some take for an end of line, and what turns the
 * direction of the text after it. Marks that turn nothing but themselves stay: Hebrew and Arabic are written with them.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u206f]/g;

/**
 * Text of others as a terminal may see it: a model or a document could otherwise move the cursor, set the title, write to
 * the clipboard, or make its text read backwards.
 */
export function plain(text: string): string {
  return text.replace(OBEYED, '');
}

/** JSON for programs that a terminal may see too: such characters are escaped in it, and so are the same to who reads it. */
export function toJsonText(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(
    OBEYED,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Rows under their headings, numbers to the right, two blanks between columns. */
export function toTable(headings: readonly string[], rows: readonly (readonly string[])[], paint: Paint): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const isNumeric = headings.map((_, column) => rows.every((row) => /^[\d$.,%–-]*$/.test(row[column] ?? '')));
  const line = (cells: readonly string[]): string =>
    widths
      .map((width, column) => {
        const cell = cells[column] ?? '';
        return isNumeric[column] ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return [paint('bold', line(headings)), ...rows.map(line)].join('\n');
}

/** `$0.000123`: as many digits as a small amount needs. */
export function toDollars(usd: number | null): string {
  if (usd === null) return 'unknown';
  if (usd === 0) return '$0';
  return usd >= 0.01 ? `$${usd.toFixed(2)}` : `$${usd.toFixed(6)}`;
}

/** `1,234,567`. */
export function toCount(count: number): string {
  return count.toLocaleString('en-US');
}
