import type { DailyUsage, UsageDimension, UsageEntry, UsageLedger, UsageTotals } from '../contracts/usage-ledger.ts';

export interface MemoryUsageLedgerOptions {
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Days that are kept, today included. Default 35. */
  readonly maxDays?: number;
  /** Distinct values kept per dimension and day; further ones are added up under `other`. Default 500. */
  readonly maxLabels?: number;
}

const DIMENSIONS = ['provider', 'model', 'agent', 'tenant', 'key'] as const satisfies readonly UsageDimension[];
const OVERFLOW_LABEL = 'other';
const DAY_MS = 86_400_000;

type MutableTotals = { -readonly [Field in keyof UsageTotals]: UsageTotals[Field] };

interface DayRecord {
  readonly totals: MutableTotals;
  readonly byDimension: Readonly<Record<UsageDimension, Map<string, MutableTotals>>>;
}

/** Usage of this process since it started: exact for one instance, blind to the others. */
export function createMemoryUsageLedger({
  now = Date.now,
  maxDays = 35,
  maxLabels = 500,
}: MemoryUsageLedgerOptions = {}): UsageLedger {
  const records = new Map<string, DayRecord>();

  const recordOfToday = (): DayRecord => {
    const day = dayOf(now());
    const known = records.get(day);
    if (known !== undefined) return known;
    const created = emptyRecord();
    records.set(day, created);
    const oldestKept = dayOf(now() - (maxDays - 1) * DAY_MS);
    for (const recorded of records.keys()) {
      if (recorded < oldestKept) records.delete(recorded);
    }
    return created;
  };
  const totalsOf = (labels: Map<string, MutableTotals>, label: string): MutableTotals => {
    const name = labels.has(label) || labels.size < maxLabels ? label : OVERFLOW_LABEL;
    const totals = labels.get(name) ?? emptyTotals();
    labels.set(name, totals);
    return totals;
  };
  const usageOf = (day: string): DailyUsage => toDailyUsage(day, records.get(day) ?? emptyRecord());

  return {
    id: 'memory',
    async add(entry) {
      const { totals, byDimension } = recordOfToday();
      addTo(totals, entry);
      for (const dimension of DIMENSIONS) {
        const label = entry[dimension];
        if (label !== undefined && label !== null) addTo(totalsOf(byDimension[dimension], label), entry);
      }
    },
    async today() {
      return usageOf(dayOf(now()));
    },
    async days(count) {
      const today = now();
      return Array.from({ length: count }, (_, age) => usageOf(dayOf(today - age * DAY_MS)));
    },
    async close() {
      records.clear();
    },
  };
}

function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

function emptyTotals(): MutableTotals {
  return { requests: 0, promptTokens: 0, completionTokens: 0, costNanoUsd: 0, unpriced: 0 };
}

function emptyRecord(): DayRecord {
  return {
    totals: emptyTotals(),
    byDimension: { provider: new Map(), model: new Map(), agent: new Map(), tenant: new Map(), key: new Map() },
  };
}

function addTo(totals: MutableTotals, { promptTokens, completionTokens, costNanoUsd }: UsageEntry): void {
  totals.requests += 1;
  totals.promptTokens += amount(promptTokens);
  totals.completionTokens += amount(completionTokens);
  if (costNanoUsd === null) totals.unpriced += 1;
  else totals.costNanoUsd += amount(costNanoUsd);
}

/** One NaN would turn every later sum into NaN, and no budget would ever be reached again. */
function amount(value: number): number {
  return Number.isFinite(value) && value > 0 ? value : 0;
}

function toDailyUsage(day: string, { totals, byDimension }: DayRecord): DailyUsage {
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
