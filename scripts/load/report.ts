import { toTable } from '../sluice/terminal.ts';

/** One thing that has to hold, and what was seen. */
export interface Check {
  readonly name: string;
  readonly seen: string;
  readonly wanted: string;
  readonly holds: boolean;
}

export interface Report {
  readonly checks: readonly Check[];
  /** What is worth knowing beside it. */
  readonly notes?: readonly string[];
}

export function toCheck(name: string, seen: string, wanted: string, holds: boolean): Check {
  return { name, seen, wanted, holds };
}

/** The table of a scenario, and its verdict in the last line. */
export function describeReport(name: string, { checks, notes = [] }: Report): string {
  const rows = checks.map(({ name: check, seen, wanted, holds }) => [check, seen, wanted, holds ? 'ok' : 'FAILED']);
  const verdict = checks.every(({ holds }) => holds) ? 'PASS' : 'FAIL';
  const table = toTable(['CHECK', 'SEEN', 'WANTED', ''], rows, (_, text) => text);
  return [table, ...notes, `${verdict}  ${name}`].join('\n');
}

export function toMb(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MB`;
}

export function toKb(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KB`;
}

/** @param share between 0 and 1: 0.5 is the median. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** How often each value came, most frequent first, in one line. */
export function tally(values: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts]
    .sort(([, left], [, right]) => right - left)
    .slice(0, 8)
    .map(([value, count]) => `${count} × ${value}`)
    .join(', ');
}
