import type * as z from 'zod';
import { nearest } from '../nearest.ts';
import { formatPath, type PathSegment, type Problems } from '../problems.ts';

const NOUNS: Readonly<Record<string, string>> = {
  string: 'text (quote it if it looks like a number)',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping of keys to values',
  record: 'a mapping of keys to values',
};

/** Words short and plain enough to repeat in a message; anything else may be a key that went astray. */
const REPEATABLE = /^[\w.-]{1,24}$/;

/** Parses one block of the file; what is wrong goes to `problems` and the result is undefined. */
export function parseBlock<Schema extends z.ZodType>({
  schema,
  value,
  path,
  problems,
}: {
  schema: Schema;
  value: unknown;
  path: string;
  problems: Problems;
}): z.infer<Schema> | undefined {
  // Each schema runs once per process, so compiling it first would cost more than it saves.
  const result = schema.safeParse(value, { jitless: true });
  if (result.success) return result.data;
  for (const issue of result.error.issues) report({ issue, value, prefix: [path], problems });
  return undefined;
}

function report({
  issue,
  value,
  prefix,
  problems,
}: {
  issue: z.core.$ZodIssue;
  value: unknown;
  prefix: readonly PathSegment[];
  problems: Problems;
}): void {
  const inside = issue.path.map((segment) => (typeof segment === 'symbol' ? String(segment) : segment));
  const path = [...prefix, ...inside];
  if (issue.code === 'unrecognized_keys') {
    const messages = issue.message.split('\n');
    for (const [index, key] of issue.keys.entries()) problems.add(formatPath([...path, key]), messages[index] ?? '');
  } else if (issue.code === 'invalid_key') {
    problems.add(formatPath(path), `the key ${issue.issues[0]?.message ?? 'is not valid'}`);
  } else {
    problems.add(formatPath(path), explain(issue, valueAt(value, inside)));
  }
}

function explain(issue: z.core.$ZodIssue, value: unknown): string {
  const rule = ruleOf(issue);
  if (value === undefined) return rule === undefined ? 'is required' : `is required; ${rule}`;
  if (value === null) return 'has no value; give it one or remove the line';
  if (issue.code !== 'invalid_value' || typeof value !== 'string') return rule ?? issue.message;
  const suggestion = nearest(
    value,
    issue.values.filter((allowed) => typeof allowed === 'string'),
  );
  const shown = REPEATABLE.test(value) ? `"${value}" is not known here; ` : '';
  return `${shown}${rule}${suggestion === undefined ? '' : `. Did you mean ${suggestion}?`}`;
}

function ruleOf(issue: z.core.$ZodIssue): string | undefined {
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}`;
  if (issue.code !== 'invalid_type') return issue.message;
  // A message of the schema's own says more than the type does.
  if (!issue.message.startsWith('Invalid input')) return issue.message;
  const noun = NOUNS[issue.expected];
  return noun === undefined ? undefined : `must be ${noun}`;
}

function valueAt(value: unknown, path: readonly PathSegment[]): unknown {
  let current = value;
  for (const segment of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = (current as Record<PathSegment, unknown>)[segment];
  }
  return current;
}
