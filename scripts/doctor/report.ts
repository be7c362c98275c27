import type { Finding, Status } from './finding.ts';

export interface DoctorReport {
  /** 0: all is in order. 1: something is wrong. 2: nothing is known to be wrong, but not all could be looked at. */
  readonly exitCode: 0 | 1 | 2;
  readonly findings: readonly (Finding & { readonly check: string })[];
}

export function toReport(findings: DoctorReport['findings']): DoctorReport {
  const has = (wanted: Status): boolean => findings.some(({ status }) => status === wanted);
  return { exitCode: has('problem') ? 1 : has('unknown') ? 2 : 0, findings };
}

const MARKS: Readonly<Record<Status, string>> = { ok: 'ok', warning: 'note', problem: 'WRONG', unknown: '?' };

/** What a person reads: one line for each finding, what to do below it, and a sum at the end. */
export function toText({ findings }: DoctorReport): string {
  const lines: string[] = [];
  const said = new Set<string>();
  let current = '';
  for (const { check, status, subject, detail, remedy } of findings) {
    if (check !== current) lines.push(...(current === '' ? [] : ['']), check);
    current = check;
    lines.push(`  ${MARKS[status].padEnd(5)}  ${subject}: ${detail}`);
    if (remedy === undefined) continue;
    const { means, cure, run } = remedy;
    // What was said once is not said again; another command of the same advice is.
    if (!said.has(means)) lines.push(`         ${means} ${cure}`);
    if (!said.has(run)) lines.push(`           ${run}`);
    said.add(means).add(run);
  }
  const count = (wanted: Status): number => findings.filter(({ status }) => status === wanted).length;
  const parts = [`${count('problem')} wrong`, `${count('warning')} to note`, `${count('unknown')} not looked at`];
  return [...lines, '', `${count('ok')} in order, ${parts.join(', ')}`].join('\n');
}

/** For programs: the same as one JSON object. */
export function toJson({ exitCode, findings }: DoctorReport): string {
  return JSON.stringify({ ok: exitCode === 0, findings }, null, 2);
}
