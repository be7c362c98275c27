import type { UsageLedger } from '../../contracts/usage-ledger.ts';
import type { Lazy } from '../lazy.ts';

/** A ledger that is made when it is first used. Calls reach it in the order they were made in. */
export function createLazyLedger(id: string, lazy: Lazy<UsageLedger>): UsageLedger {
  return {
    id,
    add: async (entry) => (await lazy.get()).add(entry),
    today: async () => (await lazy.get()).today(),
    days: async (count) => (await lazy.get()).days(count),
    claimOnce: async (name) => (await lazy.get()).claimOnce(name),
    flush: async () => (await lazy.peek())?.flush(),
    close: async () => (await lazy.peek())?.close(),
  };
}
