import type { BenchRow, Goal } from './part.ts';

/** Whether a row keeps its goal; within its noise counts as kept. Rows without a goal keep it. */
export function keepsGoal({ ours, ratio, goal, noise }: BenchRow): boolean {
  if (goal === undefined) return true;
  const value = ratio ?? ours;
  return 'atMost' in goal ? value <= goal.atMost * (1 + noise) : value >= goal.atLeast * (1 - noise);
}

export function toMarkdown(rows: readonly BenchRow[]): string {
  const lines = rows.map((row) => {
    const { what, ours, unit, peer, ratio, goal, noise } = row;
    const cells = [
      what,
      withUnit(ours, unit),
      peer === undefined ? '' : `${peer.name}: ${toFigure(peer.value)}`,
      ratio === undefined ? '' : `${toFigure(ratio)}×`,
      `±${Math.round(noise * 100)} %`,
      goal === undefined ? '' : `${describeGoal(goal, ratio !== undefined)}${keepsGoal(row) ? '' : ' **missed**'}`,
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return ['| what | Sluice | peer | ratio | noise | goal |', '| --- | --- | --- | --- | --- | --- |', ...lines].join(
    '\n',
  );
}

/** The rows that fell behind, one line each. */
export function listMisses(rows: readonly BenchRow[]): string[] {
  return rows
    .filter((row) => !keepsGoal(row))
    .map(({ what, ours, ratio, goal, noise, unit }) => {
      const value = ratio === undefined ? withUnit(ours, unit) : `${toFigure(ratio)}×`;
      return `${what}: ${value} (±${Math.round(noise * 100)} %), the goal is ${describeGoal(goal as Goal, ratio !== undefined)}`;
    });
}

function describeGoal(goal: Goal, isRatio: boolean): string {
  const [sign, value] = 'atMost' in goal ? ['≤', goal.atMost] : ['≥', goal.atLeast];
  return `${sign} ${toFigure(value)}${isRatio ? '×' : ''}`;
}

const withUnit = (value: number, unit: string): string => `${toFigure(value)} ${unit}`.trim();

/** Three digits that count, and thousands apart. */
function toFigure(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}
