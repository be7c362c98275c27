import { ANSWER_FAULTS } from './answer-faults.ts';
import type { ClientAnswer } from './client.ts';
import { CONNECTION_FAULTS } from './connection-faults.ts';
import type { Fault, FaultForm } from './fault.ts';
import type { Scene } from './scene.ts';
import { STATUS_FAULTS } from './status-faults.ts';

/** The rows of the matrix. */
export const FAULTS: readonly Fault[] = [...CONNECTION_FAULTS, ...STATUS_FAULTS, ...ANSWER_FAULTS];

/** Where the faulty leg stands: before ones that are well, between one that is down and one that is well, alone. */
export type Position = 'first' | 'middle' | 'only';
export const POSITIONS: readonly Position[] = ['first', 'middle', 'only'];

export interface Cell {
  readonly provider: string;
  readonly fault: Fault;
  readonly streamed: boolean;
  readonly position: Position;
}

/** What is known when a cell is over. */
export interface CellRecord {
  readonly cell: Cell;
  readonly form: FaultForm;
  readonly scene: Scene;
  readonly answer: ClientAnswer;
}

export interface Verdict {
  /** What happened and what had to, in the words of the table. */
  readonly seen: string;
  readonly expected: string;
  /** Everything that is wrong; empty when the cell is right. */
  readonly problems: readonly string[];
}

/** The cells of one vendor. Those of one fault stand apart, so that heavy ones do not come at the same time. */
export function listCells(provider: string, faults = FAULTS, positions = POSITIONS): Cell[] {
  return positions.flatMap((position) =>
    [false, true].flatMap((streamed) =>
      faults
        .filter((fault) => formOf(fault, streamed) !== undefined)
        .map((fault) => ({ provider, fault, streamed, position })),
    ),
  );
}

export function formOf({ plain, streamed: stream }: Fault, streamed: boolean): FaultForm | undefined {
  return streamed ? stream : plain;
}

/** The index of the faulty leg among those of its cell. */
export function faultyLeg(position: Position): number {
  return position === 'middle' ? 1 : 0;
}
