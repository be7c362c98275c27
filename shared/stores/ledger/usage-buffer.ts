import { AppError, toAppError } from '../../contracts/app-error.ts';
import type { DailyUsage, UsageDimension, UsageEntry } from '../../contracts/usage-ledger.ts';
import { toDay } from '../../usage/day.ts';
import {
  addEntry,
  boundLabel,
  type DayRecord,
  emptyRecord,
  mergeRecord,
  USAGE_DIMENSIONS,
} from '../../usage/day-record.ts';
import { waitFor } from '../abort.ts';

export interface UsageBufferOptions {
  /** Adds a part of a day's sums to the store. Settles only when it is known whether it did. */
  readonly write: (day: string, part: DayRecord) => Promise<void>;
  /** Cuts a record into parts that the store takes in one write each. */
  readonly split: (record: DayRecord) => readonly DayRecord[];
  readonly now: () => number;
  /** Shortest time between two writes, in milliseconds. */
  readonly flushMs: number;
  /** Entries that do not wait for it. */
  readonly maxEntries: number;
  /** Longest wait for one write, in milliseconds. */
  readonly patienceMs: number;
  readonly maxLabels: number;
  /** Told of writes that failed; their amounts are kept unless the message says otherwise. Must not throw. */
  readonly onFailure: (error: AppError) => void;
}

/** Amounts that are not in the store, or not known to be there. */
export type Unwritten = ReadonlyMap<string, DayRecord>;

export interface UsageBuffer {
  add(entry: UsageEntry): void;
  flush(): Promise<void>;
  /**
   * Runs a read of the store between two writes: after everything that was added before the call, and before what is
   * added later. What was added before but could not be written is given to `combine`.
   */
  read<Stored, Result>(
    load: () => Promise<Stored>,
    combine: (stored: Stored, unwritten: Unwritten) => Result,
  ): Promise<Result>;
  /** Labels that the store has already do not count as new ones. */
  learn(usage: DailyUsage): void;
  /** Flushes for the last time. */
  close(): Promise<void>;
}

/** Labels of a day that have been given out. */
interface Labels {
  readonly day: string;
  readonly sets: Readonly<Record<UsageDimension, Set<string>>>;
}

const LONGEST_PAUSE_MS = 60_000;
/** Days whose amounts are kept while the store cannot be written to. */
const MAX_DAYS = 7;

/**
 * Entries on their way to a store, added up. The first one is written at once, because a Cloud Run instance may have no
 * processor between two requests; those that follow within `flushMs` are written together. What cannot be written waits
 * for the next attempt as sums, which take no more room the longer it takes.
 */
export function createUsageBuffer(options: UsageBufferOptions): UsageBuffer {
  const { write, split, now, flushMs, maxEntries, patienceMs, maxLabels, onFailure } = options;
  let labels = emptyLabels('');
  /** Writes that were given up waiting for. They may still succeed, so their amounts are in neither place. */
  const unsettled = new Set<{ readonly day: string; readonly part: DayRecord }>();
  /**
   * What could not be written so far. A read comes after all writes that were begun before it, and finds theirs here.
   */
  const failed = new Map<string, DayRecord>();
  let pending = new Map<string, DayRecord>();
  let entries = 0;
  let failures = 0;
  let flushing = 0;
  let pause: NodeJS.Timeout | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;

  const labelsOf = (day: string): Labels['sets'] => {
    if (labels.day !== day) labels = emptyLabels(day);
    return labels.sets;
  };

  /** One after the other, so that a read never sees half of a write. */
  const enqueue = <T>(job: () => Promise<T>): Promise<T> => {
    const done = last.then(job);
    last = done.catch(() => undefined);
    return done;
  };

  const keep = (day: string, part: DayRecord): void => {
    mergeRecord(recordIn(failed, day), part);
    while (failed.size > MAX_DAYS) {
      const oldest = [...failed.keys()].sort()[0] as string;
      failed.delete(oldest);
      onFailure(new AppError('server_error', `The usage of ${oldest} could not be written for a week and is lost.`));
    }
  };

  /** @returns whether the part is written, or may be. */
  const writePart = async (day: string, part: DayRecord): Promise<boolean> => {
    const unknown = { day, part };
    const attempt = { outcome: 'unknown' as 'unknown' | 'written' | 'refused' };
    const writing = write(day, part);
    writing.then(
      () => {
        attempt.outcome = 'written';
        unsettled.delete(unknown);
      },
      () => {
        attempt.outcome = 'refused';
        if (!unsettled.delete(unknown)) return;
        keep(day, part);
        rest();
      },
    );
    try {
      await waitFor(() => writing, { timeoutMs: patienceMs });
    } catch (error) {
      failures += 1;
      onFailure(toAppError(error));
      if (attempt.outcome === 'unknown') unsettled.add(unknown);
    }
    return attempt.outcome !== 'refused';
  };

  /** Takes what is pending now, and writes it, with what failed before, when its turn comes. */
  const startFlush = (): Promise<void> => {
    const taken = pending;
    pending = new Map();
    entries = 0;
    flushing += 1;
    clearTimeout(pause);
    return enqueue(async () => {
      for (const [day, record] of failed) mergeRecord(recordIn(taken, day), record);
      failed.clear();
      const failuresBefore = failures;
      for (const [day, record] of taken) {
        for (const part of split(record)) {
          // One failure is enough to know that this is not the time for the rest.
          if (failures > failuresBefore || !(await writePart(day, part))) keep(day, part);
        }
      }
      if (failures === failuresBefore && taken.size > 0) failures = 0;
      flushing -= 1;
      rest();
    });
  };

  /** After a write: the next one when there is enough for it, else after a pause, the longer the more have failed. */
  const rest = (): void => {
    if (flushing > 0 || closed) return;
    if (failures === 0 && entries >= maxEntries) {
      void startFlush();
      return;
    }
    clearTimeout(pause);
    pause = setTimeout(
      () => {
        pause = undefined;
        if (pending.size > 0 || failed.size > 0) void startFlush();
      },
      Math.min(flushMs * 2 ** failures, LONGEST_PAUSE_MS),
    ).unref();
  };

  return {
    add(entry) {
      if (closed) {
        onFailure(new AppError('server_error', 'Usage came in after the ledger was closed and is lost.'));
        return;
      }
      const day = toDay(now());
      const known = labelsOf(day);
      addEntry(recordIn(pending, day), entry, (dimension, label) => {
        const name = boundLabel(known[dimension], { dimension, label, maxLabels });
        known[dimension].add(name);
        return name;
      });
      entries += 1;
      if (flushing > 0) return;
      if (pause === undefined || (failures === 0 && entries >= maxEntries)) void startFlush();
    },
    flush: startFlush,
    async read(load, combine) {
      void startFlush();
      return enqueue(async () => {
        const stored = await load();
        const unwritten = new Map<string, DayRecord>();
        for (const [day, record] of failed) mergeRecord(recordIn(unwritten, day), record);
        for (const { day, part } of unsettled) mergeRecord(recordIn(unwritten, day), part);
        return combine(stored, unwritten);
      });
    },
    learn({ day, byDimension }) {
      if (day !== toDay(now())) return;
      const known = labelsOf(day);
      for (const dimension of USAGE_DIMENSIONS) {
        for (const label of Object.keys(byDimension[dimension])) known[dimension].add(label);
      }
    },
    async close() {
      closed = true;
      await startFlush();
      clearTimeout(pause);
      if (failed.size > 0) onFailure(new AppError('server_error', 'The last usage could not be written and is lost.'));
    },
  };
}

function emptyLabels(day: string): Labels {
  return {
    day,
    sets: { provider: new Set(), model: new Set(), agent: new Set(), tenant: new Set(), key: new Set() },
  };
}

function recordIn(records: Map<string, DayRecord>, day: string): DayRecord {
  const known = records.get(day);
  if (known !== undefined) return known;
  const created = emptyRecord();
  records.set(day, created);
  return created;
}
