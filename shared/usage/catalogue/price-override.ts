import { AppError } from '../../contracts/app-error.ts';
import { type ModelInfo, type ModelPrices, type PriceUnit, toNanoPerMillion } from './model-info.ts';

/**
 * One entry of the configuration's `prices`: USD per 1,000,000 tokens, or per 1,000 characters. Members that are absent
 * keep the catalogue's value.
 */
export interface PriceOverride {
  /** Absent: the catalogue's unit for this model, and tokens for a model it does not know. */
  readonly unit?: PriceUnit | 'per_1m_tokens' | 'per_1k_tokens' | 'per_1k_characters';
  readonly input?: number;
  readonly output?: number;
  /** 0 is a price here: a cache that is read for nothing. */
  readonly cachedInput?: number;
  readonly cacheWrite?: number;
  /** Tokens. */
  readonly contextWindow?: number;
  readonly maxOutputTokens?: number;
}

const PRICE_MEMBERS = ['input', 'output', 'cachedInput', 'cacheWrite'] as const;
const MEMBERS: ReadonlySet<string> = new Set([...PRICE_MEMBERS, 'unit', 'contextWindow', 'maxOutputTokens']);

const UNITS: Readonly<Record<NonNullable<PriceOverride['unit']>, readonly [unit: PriceUnit, factor: number]>> = {
  tokens: ['tokens', 1],
  per_1m_tokens: ['tokens', 1],
  per_1k_tokens: ['tokens', 1000],
  characters: ['characters', 1],
  per_1k_characters: ['characters', 1],
};

/**
 * The row with the override's values in it.
 * @param base the catalogue's row, or a bare one for a model it does not know.
 * @param key `provider/model` as configured, for messages.
 * @throws AppError `configuration` naming the path and the cure.
 */
export function applyOverride(base: ModelInfo, override: PriceOverride, key: string): ModelInfo {
  for (const member of Object.keys(override)) {
    if (!MEMBERS.has(member)) fail(`${key}.${member}`, `is not known; use one of ${[...MEMBERS].join(', ')}`);
  }
  const contextWindow = limit(override, 'contextWindow', key) ?? base.contextWindow;
  const maxOutputTokens = limit(override, 'maxOutputTokens', key) ?? base.maxOutputTokens;
  const prices = mergePrices(base.prices, override, key);
  return {
    ...base,
    ...(contextWindow === undefined ? {} : { contextWindow }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(prices === undefined ? {} : { prices }),
  };
}

function mergePrices(base: ModelPrices | undefined, override: PriceOverride, key: string): ModelPrices | undefined {
  if (PRICE_MEMBERS.every((member) => override[member] === undefined)) return base;
  if (override.unit !== undefined && !Object.hasOwn(UNITS, override.unit)) {
    fail(`${key}.unit`, `must be one of ${Object.keys(UNITS).join(', ')}`);
  }
  const [unit, factor] = UNITS[override.unit ?? base?.unit ?? 'tokens'];
  // Figures in another unit cannot stand beside the configured ones.
  const kept = base?.unit === unit ? base : undefined;
  const [input, output, cachedInput, cacheWrite] = PRICE_MEMBERS.map(
    (member) => price(override, member, { unit, factor, key }) ?? kept?.[member],
  );
  if (input === undefined) fail(key, 'needs `input` as well');
  if (output === undefined && base !== undefined && kept === undefined) {
    fail(key, `needs \`output\` as well, because the known figures are counted in ${base.unit} and not in ${unit}`);
  }
  return {
    unit,
    input,
    ...(output === undefined ? {} : { output }),
    ...(cachedInput === undefined ? {} : { cachedInput }),
    ...(cacheWrite === undefined ? {} : { cacheWrite }),
  };
}

interface PriceContext {
  readonly unit: PriceUnit;
  readonly factor: number;
  readonly key: string;
}

function price(
  override: PriceOverride,
  member: (typeof PRICE_MEMBERS)[number],
  { unit, factor, key }: PriceContext,
): number | undefined {
  const usd = override[member];
  if (usd === undefined) return undefined;
  const nano = toNanoPerMillion(usd * factor, unit);
  if (!(usd >= 0) || !Number.isSafeInteger(nano)) fail(`${key}.${member}`, 'must be an amount of USD, 0 or more');
  return nano;
}

function limit(override: PriceOverride, member: 'contextWindow' | 'maxOutputTokens', key: string): number | undefined {
  const tokens = override[member];
  if (tokens !== undefined && !(Number.isSafeInteger(tokens) && tokens > 0)) {
    fail(`${key}.${member}`, 'must be a whole number of tokens above 0');
  }
  return tokens;
}

function fail(path: string, problem: string): never {
  const param = `prices.${path}`;
  throw new AppError('configuration', `\`${param}\` ${problem}.`, { param });
}
