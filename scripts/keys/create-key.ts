import { FUNCTION_NAMES } from '../../shared/config/names.ts';
import { AppError } from '../../shared/contracts/app-error.ts';
import type { KeyRecord, KeyStore } from '../../shared/contracts/key-store.ts';
import { createKeyText, hashOfKey, hintOfKey } from '../../shared/security/key-text.ts';

/** What a new key is to be, as the command line says it. */
export interface KeyWishes {
  readonly name?: string | undefined;
  readonly tenant?: string | undefined;
  /** Comma-separated, like the functions. */
  readonly models?: string | undefined;
  readonly functions?: string | undefined;
  readonly rpm?: string | undefined;
  readonly tpm?: string | undefined;
  readonly budget?: string | undefined;
  /** A date, a time with its zone, or a number of days such as `30d`. */
  readonly expires?: string | undefined;
}

const DAY_MS = 86_400_000;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const TENANT = /^[A-Za-z0-9][A-Za-z0-9_.@-]{0,127}$/;
const DATE = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2}))?$/;

/**
 * Makes a key and keeps its hash.
 * @param options.reserved names that keys of the configuration have.
 * @param options.checkModel what is wrong with the name of a model. Default: nothing is.
 * @throws AppError `invalid_request` for a wish that makes no sense or a name that is taken.
 */
export async function createKey(
  wishes: KeyWishes,
  {
    store,
    reserved,
    nowMs,
    checkModel = () => undefined,
  }: {
    store: KeyStore;
    reserved: readonly string[];
    nowMs: number;
    checkModel?: (name: string) => string | undefined;
  },
): Promise<{ readonly key: string; readonly record: KeyRecord }> {
  const { name, tenant } = wishes;
  if (name === undefined || !NAME.test(name)) {
    throw invalid('--name', 'takes 1 to 128 letters, digits, dots, dashes or underscores');
  }
  if (reserved.includes(name)) throw invalid('--name', `${name} is a key of the configuration; take another name`);
  if (tenant !== undefined && !TENANT.test(tenant)) {
    throw invalid('--tenant', 'takes 1 to 128 letters, digits and the characters _ . @ -');
  }
  const key = createKeyText();
  const limits = {
    tenant,
    models: toModels(wishes.models, checkModel),
    functions: toFunctions(wishes.functions),
    requestsPerMinute: toAmount('--rpm', wishes.rpm, { whole: true }),
    tokensPerMinute: toAmount('--tpm', wishes.tpm, { whole: true }),
    dailyBudgetUsd: toAmount('--budget', wishes.budget, { whole: false }),
    expiresAtMs: toTime(wishes.expires, nowMs),
  };
  const record: KeyRecord = {
    sha256: hashOfKey(key),
    name,
    hint: hintOfKey(key),
    createdAtMs: nowMs,
    ...(Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined)) as Partial<KeyRecord>),
  };
  await store.create(record);
  return { key, record };
}

function toList(option: string, text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined;
  const list = text.split(',').map((item) => item.trim());
  if (list.some((item) => item === '')) throw invalid(option, 'takes names with commas between them');
  return list;
}

function toModels(text: string | undefined, check: (name: string) => string | undefined): string[] | undefined {
  const list = toList('--models', text);
  for (const name of list ?? []) {
    const fault = check(name);
    if (fault !== undefined) throw invalid('--models', fault);
  }
  return list;
}

function toFunctions(text: string | undefined): string[] | undefined {
  const list = toList('--functions', text);
  const known: readonly string[] = FUNCTION_NAMES;
  const unknown = list?.find((name) => !known.includes(name));
  if (unknown !== undefined) throw invalid('--functions', `knows ${known.join(', ')}, and not ${unknown}`);
  return list;
}

function toAmount(option: string, text: string | undefined, { whole }: { whole: boolean }): number | undefined {
  if (text === undefined) return undefined;
  const amount = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : 0;
  if (amount > 0 && (!whole || Number.isSafeInteger(amount))) return amount;
  throw invalid(option, `takes a ${whole ? 'whole ' : ''}number above 0`);
}

function toTime(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const [, days] = /^(\d{1,5})d$/.exec(text) ?? [];
  const atMs = days === undefined ? (DATE.test(text) ? Date.parse(text) : Number.NaN) : nowMs + Number(days) * DAY_MS;
  if (atMs > nowMs) return atMs;
  throw invalid('--expires', 'takes a day to come (2027-01-31), a time with its zone, or a number of days (30d)');
}

function invalid(option: string, rule: string): AppError {
  return new AppError('invalid_request', `${option} ${rule}.`, { param: option });
}
