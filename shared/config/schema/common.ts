import { cidrFault } from '../cidr.ts';
import { DURATION_RULE, parseDuration } from '../duration.ts';
import { RETRY_REASONS } from '../names.ts';
import { secretFault } from '../secret-value.ts';
import { block, INVALID, type Infer, list, oneOf, refuse, type Schema, schema, textWith } from './schema.ts';

/** Timers overflow near 25 days; a day is more than any request or window here needs. */
const LONGEST_TIMEOUT_MS = 24 * 3_600_000;

export const anyText = textWith(() => undefined);

export const text = textWith((value) => (value === '' ? 'is empty; give it a value or remove the line' : undefined));

export function matching(pattern: RegExp, rule: string) {
  return textWith((value) => (pattern.test(value) ? undefined : rule));
}

/** Names of agents, model services, tools, keys: usable as an OpenAI `model`, in a URL and as a metric label. */
export const name = matching(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/,
  'must be 1 to 128 letters, digits, dots, dashes or underscores, beginning with a letter or digit',
);

export const modelName = textWith((value) => {
  if (value === '') return 'is empty; name the model';
  if (value.length > 256) return 'must not be longer than 256 characters';
  if (!/^[\w@][\w.:@/+-]*$/.test(value) || /\.\.|\/\/|\/$/.test(value)) return 'is not a model name';
  return undefined;
});

export const secret = textWith(secretFault);

/** One key, or several that rotate. */
export const secrets = schema<string[]>((value, place) => {
  const keys: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (keys.length === 0) return refuse(value, 'must hold at least one key', place);
  let valid = true;
  for (const [index, key] of keys.entries()) {
    const rule = typeof key === 'string' ? secretFault(key) : 'must be one key or a list of keys, as text';
    if (rule === undefined) continue;
    valid = false;
    refuse(key, rule, Array.isArray(value) ? { ...place, path: [...place.path, index] } : place);
  }
  return valid ? (keys as string[]) : INVALID;
});

export const cidrs = list(textWith(cidrFault));

/** Numbers and booleans out of variables arrive as text, so their plain text forms count. */
export const flag = schema<boolean>((value, place) => {
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  return refuse(value, 'must be true or false', place);
});

export function number({ min, max, above }: { min?: number; max?: number; above?: number }): Schema<number> {
  return schema((value, place) => {
    const read = readNumber(value);
    if (typeof read !== 'number' || !Number.isFinite(read)) return refuse(value, 'must be a number', place);
    const tooLow = min !== undefined && read < min;
    const tooHigh = max !== undefined && read > max;
    if (tooLow || tooHigh) return refuse(value, rangeRule(min, max), place);
    if (above !== undefined && read <= above) return refuse(value, `must be above ${above}`, place);
    return read;
  });
}

export function wholeNumber({ min = 1, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number } = {}) {
  const rule =
    max === Number.MAX_SAFE_INTEGER ? `a whole number of at least ${min}` : `a whole number from ${min} to ${max}`;
  return schema<number>((value, place) => {
    const read = readNumber(value);
    const valid = typeof read === 'number' && Number.isSafeInteger(read) && read >= min && read <= max;
    return valid ? read : refuse(value, `must be ${rule}`, place);
  });
}

function lasting({ atMostMs, rule }: { atMostMs: number; rule: string }): Schema<number> {
  return schema((value, place) => {
    const parsed = typeof value === 'string' ? parseDuration(value) : undefined;
    if (parsed === undefined) return refuse(value, DURATION_RULE, place);
    if (parsed <= 0) return refuse(value, 'must be longer than zero', place);
    return parsed <= atMostMs ? parsed : refuse(value, rule, place);
  });
}

/** Milliseconds, above zero. */
export const duration = lasting({ atMostMs: Number.POSITIVE_INFINITY, rule: DURATION_RULE });

/** Milliseconds a timer can wait for. */
export const timeout = lasting({ atMostMs: LONGEST_TIMEOUT_MS, rule: 'must not be longer than 24h' });

/** As Ollama writes it: a duration, seconds, or -1 for good. */
const keepAlive = schema<string | number>((value, place) => {
  const seconds = readNumber(value);
  if (typeof seconds === 'number' && Number.isInteger(seconds) && seconds >= -1) return seconds;
  if (typeof value === 'string' && parseDuration(value) !== undefined) return value;
  const rule = 'must be a duration such as 30m, a number of seconds, 0 to unload at once, or -1 for good';
  return refuse(value, rule, place);
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
    retry_on: list(oneOf(RETRY_REASONS), 'must name at least one reason').optional(),
  });
export type RetryInput = Infer<ReturnType<typeof retry>>;

function readNumber(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : value;
}

function rangeRule(min: number | undefined, max: number | undefined): string {
  if (min === undefined) return `must be at most ${max}`;
  return max === undefined ? `must be at least ${min}` : `must be from ${min} to ${max}`;
}
