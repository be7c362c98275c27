import type { DailyUsage, UsageDimension, UsageEntry, UsageTotals } from '../contracts/usage-ledger.ts';

export const USAGE_DIMENSIONS = [
  'provider',
  'model',
  'agent',
  'tenant',
  'key',
] as const satisfies readonly UsageDimension[];
export const TOTAL_FIELDS = [
  'requests',
  'promptTokens',
  'completionTokens',
  'costNanoUsd',
  'unpriced',
] as const satisfies readonly (keyof UsageTotals)[];

export type MutableTotals = { -readonly [Field in keyof UsageTotals]: UsageTotals[Field] };

/** Sums of one day, or of a part of it. */
export interface DayRecord {
  readonly totals: MutableTotals;
  readonly byDimension: Readonly<Record<UsageDimension, Map<string, MutableTotals>>>;
}

/** The label under which an entry is counted: its own, or the one for all that there is no room for. */
export type NameLabel = (dimension: UsageDimension, label: string) => string;

const OVERFLOW_LABEL = 'other';
const MAX_LABEL_CHARACTERS = 200;
/** Names of these come from the configuration and not from requests, so that they can be trusted to be few. */
const CONFIGURED: ReadonlySet<UsageDimension> = new Set(['agent', 'key']);
const CONFIGURED_ROOM = 5;

export function emptyTotals(): MutableTotals {
  return { requests: 0, promptTokens: 0, completionTokens: 0, costNanoUsd: 0, unpriced: 0 };
}

export function emptyRecord(): DayRecord {
  return {
    totals: emptyTotals(),
    byDimension: { provider: new Map(), model: new Map(), agent: new Map(), tenant: new Map(), key: new Map() },
  };
}

/** Adds one entry to the day and to each of its labels. */
export function addEntry({ totals, byDimension }: DayRecord, entry: UsageEntry, nameLabel: NameLabel): void {
  const amounts = toTotals(entry);
  addTotals(totals, amounts);
  for (const dimension of USAGE_DIMENSIONS) {
    const label = entry[dimension];
    if (label === undefined || label === null) continue;
    addTotals(totalsOf(byDimension[dimension], nameLabel(dimension, label.toWellFormed())), amounts);
  }
}

/** Adds the sums of `source` to `target`, which shares no object with it afterwards. */
export function mergeRecord(target: DayRecord, source: DayRecord): void {
  addTotals(target.totals, source.totals);
  for (const dimension of USAGE_DIMENSIONS) {
    for (const [label, totals] of source.byDimension[dimension]) {
      addTotals(totalsOf(target.byDimension[dimension], label), totals);
    }
  }
}

export function addTotals(target: MutableTotals, source: UsageTotals): void {
  for (const field of TOTAL_FIELDS) target[field] += source[field];
}

export function totalsOf(labels: Map<string, MutableTotals>, label: string): MutableTotals {
  const known = labels.get(label);
  if (known !== undefined) return known;
  const created = emptyTotals();
  labels.set(label, created);
  return created;
}

/**
 * The label itself while it is known or there is room for it, else `other`.
 * @param maxLabels room per dimension whose labels come with requests; configured names have five times as much.
 */
export function boundLabel(
  known: { readonly size: number; has(label: string): boolean },
  { dimension, label, maxLabels }: { dimension: UsageDimension; label: string; maxLabels: number },
): string {
  const room = CONFIGURED.has(dimension) ? maxLabels * CONFIGURED_ROOM : maxLabels;
  if (label.length > MAX_LABEL_CHARACTERS) return OVERFLOW_LABEL;
  return known.has(label) || known.size < room ? label : OVERFLOW_LABEL;
}

/** A copy that callers may keep. */
export function toDailyUsage(day: string, { totals, byDimension }: DayRecord): DailyUsage {
  const copy = (labels: Map<string, MutableTotals>): Record<string, UsageTotals> =>
    Object.fromEntries([...labels].map(([label, sums]) => [label, { ...sums }]));
  return {
    day,
    ...totals,
    byDimension: {
      provider: copy(byDimension.provider),
      model: copy(byDimension.model),
      agent: copy(byDimension.agent),
      tenant: copy(byDimension.tenant),
      key: copy(byDimension.key),
    },
  };
}

/** What an entry adds to its sums. */
export function toTotals({ promptTokens, completionTokens, costNanoUsd }: UsageEntry): UsageTotals {
  return {
    requests: 1,
    promptTokens: toAmount(promptTokens),
    completionTokens: toAmount(completionTokens),
    costNanoUsd: toAmount(costNanoUsd ?? 0),
    unpriced: costNanoUsd === null ? 1 : 0,
  };
}

/**
 * One NaN would turn every later sum into NaN, and no budget would ever be reached again; one fraction would turn a
 * stored integer into a float.
 */
function toAmount(value: number): number {
  return value > 0 && Number.isSafeInteger(Math.round(value)) ? Math.round(value) : 0;
}
