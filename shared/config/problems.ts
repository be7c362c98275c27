import { AppError } from '../contracts/app-error.ts';

export type PathSegment = string | number;

/** What is wrong with a configuration, and what is only worth a warning, gathered so that one run shows everything. */
export interface Problems {
  /** Records a problem at a path such as `agents[0].api_key`. Repetitions and silenced paths are left out. */
  add(path: string, message: string): void;
  warn(path: string, message: string): void;
  /** Ignores later problems at this path and below, because its real cause is reported elsewhere. */
  silence(path: string): void;
  readonly lines: readonly string[];
  readonly warnings: readonly string[];
}

export function createProblems(): Problems {
  const lines: string[] = [];
  const warnings: string[] = [];
  const silenced: string[] = [];
  const isSilenced = (path: string) =>
    silenced.some((start) => path === start || path.startsWith(`${start}.`) || path.startsWith(`${start}[`));
  const push = (list: string[], path: string, message: string) => {
    const line = path === '' ? message : `${path}: ${message}`;
    if (!list.includes(line)) list.push(line);
  };
  return {
    lines,
    warnings,
    add: (path, message) => {
      if (!isSilenced(path)) push(lines, path, message);
    },
    warn: (path, message) => push(warnings, path, message),
    silence: (path) => {
      silenced.push(path);
    },
  };
}

/** `['agents', 0, 'api_key']` as `agents[0].api_key`; keys that are not plain words are quoted. */
export function formatPath(segments: readonly PathSegment[]): string {
  let path = '';
  for (const segment of segments) {
    if (typeof segment === 'number') path += `[${segment}]`;
    else if (/^[\w-]+$/.test(segment)) path += path === '' ? segment : `.${segment}`;
    else path += `[${JSON.stringify(segment)}]`;
  }
  return path;
}

/** One error that lists every problem of a source, one per line. */
export function toConfigurationError(source: string, lines: readonly string[]): AppError {
  const count = lines.length === 1 ? 'a problem' : `${lines.length} problems`;
  return new AppError('configuration', `${source} has ${count}:\n${lines.map((line) => `  ${line}`).join('\n')}`);
}
