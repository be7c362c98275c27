import type * as z from 'zod';
import { AppError } from '../contracts/app-error.ts';

/**
 * The input as the schema types it.
 * @throws AppError `invalid_request` whose `param` is the first field at fault and whose message says its rule. Values
 * are never repeated: they may be the caller's prompt.
 */
export function parseRequest<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issue = deepest(result.error.issues[0]);
  if (!issue) throw new AppError('invalid_request', 'The request is not valid.');
  if (issue.code === 'unrecognized_keys') {
    const [key] = issue.keys as [string];
    const param = toParam([...issue.path, key]);
    throw new AppError('invalid_request', `Unrecognized request argument: ${param}.`, { param });
  }
  if (issue.code === 'invalid_key') {
    const param = toParam(issue.path.slice(0, -1));
    const [rule] = issue.issues;
    throw new AppError('invalid_request', `Invalid ${param}: ${rule ? ruleOf(rule) : 'a name in it is not valid'}.`, {
      param,
    });
  }
  const param = toParam(issue.path);
  throw new AppError(
    'invalid_request',
    param !== '' && isMissing(issue, input)
      ? `Missing required parameter: ${param}.`
      : `Invalid ${param || 'request'}: ${ruleOf(issue)}.`,
    param === '' ? {} : { param },
  );
}

type Issue = z.core.$ZodIssue;

/** Whether there is nothing at all where the issue points. */
function isMissing(issue: Issue, input: unknown): boolean {
  let value: unknown = input;
  for (const part of issue.path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[part];
  return value === undefined;
}

/** The rule in words. A union's own message is none, so it is put together from what its alternatives expect. */
function ruleOf(issue: Issue): string {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return withoutPreamble(issue.message);
  const rules = issue.errors.flatMap(([first]) => (first ? [ruleOf(first).replace(/, received .*$/, '')] : []));
  return [...new Set(rules)].join(', or ');
}

function withoutPreamble(message: string): string {
  return message.replace(/^Invalid (?:input|option|discriminator value)[:.] /, '');
}

/** Of a union's alternatives, the issue that got furthest: the one the caller most likely meant. */
function deepest(issue: Issue | undefined): Issue | undefined {
  if (issue?.code !== 'invalid_union') return issue;
  const candidates = issue.errors
    .map((issues) => deepest(issues[0]))
    .filter((candidate): candidate is Issue => candidate !== undefined);
  const best = candidates.reduce<Issue | undefined>(
    (found, candidate) => (found === undefined || candidate.path.length > found.path.length ? candidate : found),
    undefined,
  );
  if (!best || best.path.length === 0) return issue;
  return { ...best, path: [...issue.path, ...best.path] } as Issue;
}

/** Longest name of a field that is repeated: names come from the caller, like values. */
const MAX_PARAM = 200;

export function toParam(path: readonly PropertyKey[]): string {
  const param = path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? String(part) : `.${String(part)}`))
    .join('');
  return param.length > MAX_PARAM ? `${param.slice(0, MAX_PARAM)}…` : param;
}
