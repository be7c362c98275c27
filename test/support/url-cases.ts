import { readFileSync } from 'node:fs';
import { type GuardTarget, toGuardTarget } from '../../shared/security/url-guard.ts';

interface TargetCase {
  readonly production: boolean;
  readonly endpoint: string;
  readonly allowedCidrs: readonly string[];
  readonly onlyPaths?: readonly string[];
  /** What its name resolves to. */
  readonly resolves: readonly string[];
}

interface CaseFile {
  readonly targets: Readonly<Record<string, TargetCase>>;
  readonly allowed: readonly { readonly target: string; readonly urls: readonly string[] }[];
  readonly denied: readonly { readonly target: string; readonly reason: string; readonly urls: readonly string[] }[];
  readonly resolved: readonly {
    readonly target: string;
    readonly answers: readonly string[];
    /** `allowed`, or the reason. */
    readonly verdict: string;
  }[];
}

/** URLs and addresses with the verdict that each must get, for targets in production, development and a private network. */
export const urlCases = JSON.parse(
  readFileSync(new URL('../fixtures/security/url-cases.json', import.meta.url), 'utf8'),
) as CaseFile;

/** One target of the file, ready for the guard. */
export function guardCase(name: string): { target: GuardTarget; production: boolean; resolves: readonly string[] } {
  const found = urlCases.targets[name];
  if (found === undefined) throw new Error(`The case file has no target ${name}.`);
  const { production, resolves, ...rest } = found;
  return { production, resolves, target: toGuardTarget({ ...rest, name, development: !production }) };
}
