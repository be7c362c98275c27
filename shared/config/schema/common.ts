import * as z from 'zod';
import { cidrFault } from '../cidr.ts';
import { DURATION_RULE, parseDuration } from '../duration.ts';
import { RETRY_REASONS } from '../names.ts';
import { nearest } from '../nearest.ts';
import { secretFault } from '../secret-value.ts';

/** Timers overflow near 25 days; a day is more than any request or window here needs. */
const LONGEST_TIMEOUT_MS = 24 * 3_600_000;

/** A mapping with these keys and no others. Each unknown key is reported with the nearest known one. */
export function block<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? issue.keys.map((key) => unknownKey(key, known)).join('\n') : undefined,
  });
}

export function unknownKey(key: string, known: readonly string[]): string {
  const suggestion = nearest(key, known);
  const hint = suggestion === undefined ? '' : ` Did you mean ${suggestion}?`;
  return `is not a known key.${hint} Known keys here: ${known.join(', ')}`;
}

/** A scalar whose text form is checked by `fault`, which says what is wrong or nothing. */
function checkedText(fault: (text: string) => string | undefined) {
  return z.string().check((context) => {
    const message = fault(context.value);
    if (message !== undefined) context.issues.push({ code: 'custom', message, input: context.value });
  });
}

export const text = checkedText((value) => (value === '' ? 'is empty; give it a value or remove the line' : undefined));

export function matching(pattern: RegExp, rule: string) {
  return checkedText((value) => (pattern.test(value) ? undefined : rule));
}

/** Names of agents, model services, tools, keys: usable as an OpenAI `model`, in a URL and as a metric label. */
export const name = matching(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/,
  'must be 1 to 128 letters, digits, dots, dashes or underscores, beginning with a letter or digit',
);

export const modelName = checkedText((value) => {
  if (value === '') return 'is empty; name the model';
  if (value.length > 256) return 'must not be longer than 256 characters';
  if (!/^[\w@][\w.:@/+-]*$/.test(value) || /\.\.|\/\/|\/$/.test(value)) return 'is not a model name';
  return undefined;
});

export const secret = checkedText(secretFault);

/** One key, or several that rotate. */
export const secrets = z.transform<unknown, string[]>((value, context) => {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0) context.issues.push({ code: 'custom', message: 'must hold at least one key', input: value });
  const keys: string[] = [];
  for (const [index, key] of list.entries()) {
    const message = typeof key === 'string' ? secretFault(key) : 'must be one key or a list of keys, as text';
    const path = Array.isArray(value) ? [index] : [];
    if (message !== undefined) context.issues.push({ code: 'custom', message, input: key, path });
    else keys.push(key as string);
  }
  return keys;
});

export const cidrs = z.array(checkedText(cidrFault));

/** Numbers and booleans out of variables arrive as text, so their plain text forms count. */
export const flag = z.preprocess((value) => (value === 'true' ? true : value === 'false' ? false : value), z.boolean());

export function number({ min, max, above }: { min?: number; max?: number; above?: number }) {
  let schema = z.number();
  if (min !== undefined) schema = schema.min(min, rangeRule(min, max));
  if (max !== undefined) schema = schema.max(max, min === undefined ? `must be at most ${max}` : rangeRule(min, max));
  if (above !== undefined) schema = schema.gt(above, `must be above ${above}`);
  return z.preprocess(readNumber, schema);
}

export function wholeNumber({ min = 1, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number } = {}) {
  const rule =
    max === Number.MAX_SAFE_INTEGER ? `a whole number of at least ${min}` : `a whole number from ${min} to ${max}`;
  const message = `must be ${rule}`;
  return z.preprocess(readNumber, z.int(message).min(min, message).max(max, message));
}

/** Milliseconds, above zero. */
export const duration = z.transform<unknown, number>((value, context) => {
  const parsed = typeof value === 'string' ? parseDuration(value) : undefined;
  const fault = parsed === undefined ? DURATION_RULE : parsed <= 0 ? 'must be longer than zero' : undefined;
  if (parsed !== undefined && fault === undefined) return parsed;
  context.issues.push({ code: 'custom', message: fault ?? DURATION_RULE, input: value });
  return z.NEVER;
});

/** Milliseconds a timer can wait for. */
export const timeout = z.pipe(duration, z.number().max(LONGEST_TIMEOUT_MS, 'must not be longer than 24h'));

/** As Ollama writes it: a duration, seconds, or -1 for good. */
const keepAlive = z.transform<unknown, string | number>((value, context) => {
  const seconds = readNumber(value);
  if (typeof seconds === 'number' && Number.isInteger(seconds) && seconds >= -1) return seconds;
  if (typeof value === 'string' && parseDuration(value) !== undefined) return value;
  const message = 'must be a duration such as 30m, a number of seconds, 0 to unload at once, or -1 for good';
  context.issues.push({ code: 'custom', message, input: value });
  return z.NEVER;
});

/** How a server that loads models on demand is to do so. */
export const serving = () => ({
  keep_alive: keepAlive.optional(),
  num_ctx: wholeNumber({ min: 256, max: 10_000_000 }).optional(),
});
export interface ServingInput {
  readonly keep_alive?: string | number | undefined;
  readonly num_ctx?: number | undefined;
}

export const projectName = matching(/^[A-Za-z0-9][\w.:-]{0,127}$/, 'is not a Google Cloud project id');
export const locationName = matching(/^[a-z0-9-]{1,40}$/, 'is not a Google Cloud location, such as us-central1');

export const retry = () =>
  block({
    max_attempts: wholeNumber({ min: 1, max: 10 }).optional(),
    initial_backoff: timeout.optional(),
    max_backoff: timeout.optional(),
    multiplier: number({ min: 1, max: 10 }).optional(),
    retry_on: z.array(z.enum(RETRY_REASONS)).min(1, 'must name at least one reason').optional(),
  });
export type RetryInput = z.infer<ReturnType<typeof retry>>;

function readNumber(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : value;
}

function rangeRule(min: number, max: number | undefined): string {
  return max === undefined ? `must be at least ${min}` : `must be from ${min} to ${max}`;
}
