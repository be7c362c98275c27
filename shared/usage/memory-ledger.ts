import type { DailyUsage, UsageLedger } from '../contracts/usage-ledger.ts';
import { DAY_MS, lastDays, toDay } from './day.ts';
import { addEntry, boundLabel, type DayRecord, emptyRecord, toDailyUsage } from './day-record.ts';

export interface MemoryUsageLedgerOptions {
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Days that are kept, today included. Default 90. */
  readonly maxDays?: number;
  /**
   * Labels per day and dimension of those that come with requests: provider, model, tenant. Five times as many agents
   * and keys. Default 500.
   */
  readonly maxLabels?: number;
}

/** Usage of this process since it started: exact for one instance, blind to the others. */
export function createMemoryUsageLedger({
  now = Date.now,
  maxDays = 90,
  maxLabels = 500,
}: MemoryUsageLedgerOptions = {}): UsageLedger {
  const records = new Map<string, DayRecord>();
  const claimed = { day: '', names: new Set<string>() };

  const recordOfToday = (): DayRecord => {
    const day = toDay(now());
    const known = records.get(day);
    if (known !== undefined) return known;
    const created = emptyRecord();
    records.set(day, created);
    const oldestKept = toDay(now() - (maxDays - 1) * DAY_MS);
    for (const recorded of records.keys()) {
      if (recorded < oldestKept) records.delete(recorded);
    }
    return created;
  };
  const usageOf = (day: string): DailyUsage => toDailyUsage(day, records.get(day) ?? emptyRecord());

  return {
    id: 'memory',
    async add(entry) {
      const record = recordOfToday();
      addEntry(record, entry, (dimension, label) =>
        boundLabel(record.byDimension[dimension], { dimension, label, maxLabels }),
      );
    },
    async today() {
      return usageOf(toDay(now()));
    },
    async days(count) {
      return lastDays(now(), count).map(usageOf);
    },
    async claimOnce(name) {
      const day = toDay(now());
      if (claimed.day !== day) Object.assign(claimed, { day, names: new Set() });
      if (claimed.names.has(name)) return false;
      claimed.names.add(name);
      return true;
    },
    async flush() {},
    async close() {
      records.clear();
    },
  };
}
