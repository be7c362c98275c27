import type { ModelInfo } from './catalogue/model-info.ts';

/** What one call used, in whole numbers. */
export interface BilledUsage {
  /** All input, what was read from and written to the vendor's cache included. */
  readonly promptTokens: number;
  /** All output, thinking included. */
  readonly completionTokens: number;
  /** The part of `promptTokens` that was read from the vendor's cache. */
  readonly cachedTokens?: number;
  /** The part of `promptTokens` that was written to it; never counted in `cachedTokens` as well. */
  readonly cacheWriteTokens?: number;
  /** For models that are billed by the character. */
  readonly promptCharacters?: number;
  readonly completionCharacters?: number;
}

/** Why a call has no cost: worth a warning, because its money is missing from every sum. */
export type UnpricedReason = 'unknown_model' | 'unknown_price' | 'unknown_usage';

export type Cost =
  /** Integer nano-dollars (1 USD = 1,000,000,000). */
  | { readonly nanoUsd: number; readonly priced: true }
  /** Null is not 0: nobody knows what the call cost. */
  | { readonly nanoUsd: null; readonly priced: false; readonly reason: UnpricedReason };

/** What a call cost, rounded half up to a nano-dollar once for the whole call. Exact at any count. */
export function costOf({ info, usage }: { readonly info: ModelInfo | undefined; readonly usage: BilledUsage }): Cost {
  if (info === undefined) return unpriced('unknown_model');
  const { prices } = info;
  if (prices === undefined) return unpriced('unknown_price');
  const buckets = prices.unit === 'characters' ? toCharacters(usage) : toTokens(usage);
  if (buckets === undefined) return unpriced('unknown_usage');
  const [uncached, cached, cacheWrite, output] = buckets;
  if (output > 0 && prices.output === undefined) return unpriced('unknown_price');

  const total = sumOf([
    [uncached, prices.input],
    [cached, prices.cachedInput ?? prices.input],
    [cacheWrite, prices.cacheWrite ?? prices.input],
    [output, prices.output ?? 0],
  ]);
  // More than nine million dollars for one call: the vendor's counts are broken.
  return Number.isSafeInteger(total) ? { nanoUsd: total, priced: true } : unpriced('unknown_usage');
}

/** Nano-dollars as USD for JSON: 25,000,000 is 0.025. Null stays null. */
export function toUsd(nanoUsd: number): number;
export function toUsd(nanoUsd: number | null): number | null;
export function toUsd(nanoUsd: number | null): number | null {
  return nanoUsd === null ? null : nanoUsd / 1e9;
}

/** A limit in USD as integer nano-dollars, to be compared with sums. */
export function toNanoUsd(usd: number): number {
  return Math.round(usd * 1e9);
}

function unpriced(reason: UnpricedReason): Cost {
  return { nanoUsd: null, priced: false, reason };
}

/** Uncached input, input read from the cache, input written to it, output. No unit is in two of them. */
type Buckets = readonly [uncached: number, cached: number, cacheWrite: number, output: number];

function toTokens(usage: BilledUsage): Buckets | undefined {
  const { promptTokens, completionTokens, cachedTokens = 0, cacheWriteTokens = 0 } = usage;
  if (![promptTokens, completionTokens, cachedTokens, cacheWriteTokens].every(isCount)) return undefined;
  // A vendor that reports more from its cache than it was sent is believed on the whole, not on the part.
  const cached = Math.min(cachedTokens, promptTokens);
  const cacheWrite = Math.min(cacheWriteTokens, promptTokens - cached);
  return [promptTokens - cached - cacheWrite, cached, cacheWrite, completionTokens];
}

function toCharacters(usage: BilledUsage): Buckets | undefined {
  // No tokens, no characters: an answer without output need not be measured.
  const input = usage.promptCharacters ?? (usage.promptTokens === 0 ? 0 : undefined);
  const output = usage.completionCharacters ?? (usage.completionTokens === 0 ? 0 : undefined);
  return isCount(input) && isCount(output) ? [input, 0, 0, output] : undefined;
}

function isCount(value: number | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

const MILLION = 1_000_000;

/**
 * Sum of units times nano-dollars per 1,000,000 units. Both factors are split at a million, so that no product that is
 * rounded later leaves the range of exact integers, and one rounding is enough.
 */
function sumOf(parts: readonly (readonly [units: number, perMillion: number])[]): number {
  let whole = 0;
  let millionths = 0;
  for (const [units, perMillion] of parts) {
    const priceRest = perMillion % MILLION;
    const unitRest = units % MILLION;
    whole += units * ((perMillion - priceRest) / MILLION) + ((units - unitRest) / MILLION) * priceRest;
    millionths += unitRest * priceRest;
  }
  return whole + Math.floor((millionths + MILLION / 2) / MILLION);
}
