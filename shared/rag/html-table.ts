import { createMarkdownWriter, type MarkdownWriter } from './markdown-writer.ts';

/** Gathers the cells of the outermost table and writes its rows; tables inside a cell are lines of that cell. */
export interface Tables {
  /** Where text goes while a cell is open. */
  readonly cell: MarkdownWriter | undefined;
  opened(name: string): void;
  closed(name: string, page: MarkdownWriter): void;
}

/** A cell of more than that is part of a layout and not of a table, and so is one with a heading or code. */
const MAX_CELL_LENGTH = 500;

function isLayout(content: string): boolean {
  return content.length > MAX_CELL_LENGTH || /^(?:#{1,6} |```)/m.test(content);
}

export function createTables(): Tables {
  let depth = 0;
  let cell: MarkdownWriter | undefined;
  let cells: string[] = [];
  /** Rows of the table so far; lines of a table follow each other without a blank line. */
  let rows = 0;

  const endCell = (): void => {
    if (cell !== undefined) cells.push(cell.finish().trim());
    cell = undefined;
  };

  const endRow = (page: MarkdownWriter): void => {
    endCell();
    const row = cells;
    cells = [];
    if (row.every((content) => content === '')) return;
    if (row.length === 1 || row.some(isLayout)) {
      for (const content of row) page.block(content);
      rows = 0;
      return;
    }
    page.breakLine(rows === 0 ? 2 : 1);
    page.text(toLine(row));
    if (rows === 0) {
      page.breakLine(1);
      page.text(`|${' --- |'.repeat(row.length)}`);
    }
    rows += 1;
    page.breakLine(1);
  };

  return {
    get cell() {
      return cell;
    },
    opened(name) {
      if (name === 'table') {
        depth += 1;
        if (depth === 1) rows = 0;
      } else if (name === 'td' || name === 'th') {
        if (depth === 1) cell = createMarkdownWriter();
        else cell?.text(' ');
      }
    },
    closed(name, page) {
      if (name === 'table') {
        if (depth === 1) endRow(page);
        depth = Math.max(0, depth - 1);
      } else if (depth === 1 && (name === 'td' || name === 'th')) endCell();
      else if (depth === 1 && name === 'tr') endRow(page);
    },
  };
}

function toLine(cells: readonly string[]): string {
  return `|${cells.map((content) => ` ${content.replace(/\s+/g, ' ').replaceAll('|', '\\|')} |`).join('')}`;
}
