import type { UsageLedger } from '../../contracts/usage-ledger.ts';
import type { MemoryUsageLedgerOptions } from '../../usage/memory-ledger.ts';
import type { FirestoreUsageLedgerOptions } from './firestore.ts';

/** The options of all usage ledgers; each takes what it knows. */
export interface UsageLedgerOptions extends MemoryUsageLedgerOptions, FirestoreUsageLedgerOptions {}

/** Usage ledgers by the name they have in the configuration. A ledger is loaded when it is asked for. */
export const usageLedgers = {
  memory: async (options: UsageLedgerOptions) =>
    (await import('../../usage/memory-ledger.ts')).createMemoryUsageLedger(options),
  firestore: async (options: UsageLedgerOptions) =>
    (await import('./firestore.ts')).createFirestoreUsageLedger(options),
} as const satisfies Record<string, (options: UsageLedgerOptions) => Promise<UsageLedger>>;
