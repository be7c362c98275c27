import { runCell } from './cell.ts';
import type { Cell } from './matrix.ts';
import type { CellResult } from './report.ts';
import type { FaultParts } from './scene.ts';

/** Cells mostly wait for time limits, so that many can wait at once. */
const AT_ONCE = 12;

/** Runs cells side by side; the results have their order. */
export async function runCells(parts: FaultParts, cells: readonly Cell[]): Promise<CellResult[]> {
  const results: CellResult[] = [];
  const rest = cells.entries();
  const work = async (): Promise<void> => {
    for (const [index, cell] of rest) results[index] = { cell, verdict: await runCell(parts, cell) };
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results;
}
