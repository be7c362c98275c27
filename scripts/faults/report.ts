import { type Cell, FAULTS, POSITIONS, type Verdict } from './matrix.ts';

export interface CellResult {
  readonly cell: Cell;
  readonly verdict: Verdict;
}

/** Before what is not as it must be. */
const MARK = '✗ ';
const NO_SUCH_FORM = '·';
/** What is wrong everywhere need not be told everywhere. */
const MAX_COMPLAINTS = 30;

/** One table per vendor: a line per fault, a column per form and position of the faulty leg. */
export function toReport(results: readonly CellResult[]): string {
  const providers = [...new Set(results.map(({ cell }) => cell.provider))];
  const wrong = results.filter(isWrong);
  const told = wrong.slice(0, MAX_COMPLAINTS).map(toComplaint);
  const summary = `${results.length} cells, ${wrong.length} of them not as they must be.`;
  return [...providers.map((provider) => toTable(provider, results)), ...told, summary].join('\n\n');
}

export function isWrong({ verdict: { seen, expected, problems } }: CellResult): boolean {
  return seen !== expected || problems.length > 0;
}

function toTable(provider: string, results: readonly CellResult[]): string {
  const columns = [false, true].flatMap((streamed) => POSITIONS.map((position) => ({ streamed, position })));
  const own = results.filter(({ cell }) => cell.provider === provider);
  const head = [provider, ...columns.map(({ streamed, position }) => `${streamed ? 'stream' : 'whole'}, ${position}`)];
  const rows = FAULTS.map(({ name }) => own.filter(({ cell }) => cell.fault.name === name))
    .filter((cells) => cells.length > 0)
    .map((cells) => [
      cells[0]?.cell.fault.name ?? '',
      ...columns.map(({ streamed, position }) => {
        const found = cells.find(({ cell }) => cell.streamed === streamed && cell.position === position);
        return found ? `${isWrong(found) ? MARK : ''}${found.verdict.seen}` : NO_SUCH_FORM;
      }),
    ]);
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  return lines
    .map((cells) =>
      cells
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function toComplaint({ cell, verdict }: CellResult): string {
  const { provider, fault, streamed, position } = cell;
  const where = `${provider}, ${fault.name}, ${streamed ? 'streamed' : 'whole'}, ${position} leg`;
  return [`${MARK}${where}: ${verdict.seen}, expected ${verdict.expected}`, ...verdict.problems].join('\n    ');
}
