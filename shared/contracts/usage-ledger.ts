/** Tokens and money, added up per UTC day. Money is integer nano-dollars (1 USD = 1,000,000,000) so that sums are exact. */
export interface UsageEntry {
  readonly provider: string;
  readonly model: string;
  readonly agent?: string;
  readonly tenant?: string | null;
  /** Name of the API key, never the key. */
  readonly key?: string;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Null when the price is unknown: never 0, never another model's price. Absent when nobody wants to know the cost. */
  readonly costNanoUsd?: number | null;
}

export interface UsageTotals {
  readonly requests: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly costNanoUsd: number;
  /** Requests whose price is unknown; their cost is missing from `costNanoUsd`. */
  readonly unpriced: number;
}

export interface DailyUsage extends UsageTotals {
  /** UTC day, `YYYY-MM-DD`. */
  readonly day: string;
  /** Totals by dimension and value, e.g. `byDimension.provider.openai`. */
  readonly byDimension: Readonly<Record<UsageDimension, Readonly<Record<string, UsageTotals>>>>;
}

export type UsageDimension = 'provider' | 'model' | 'agent' | 'tenant' | 'key';

/**
 * Adds up usage over all instances of a deployment. A UTC day has a bounded number of labels per dimension; amounts of
 * further labels, and of labels of more than 200 characters, go to the label `other`.
 */
export interface UsageLedger {
  readonly id: string;
  /**
   * Resolves as soon as the entry is counted here. A ledger that is kept elsewhere writes it within about a second, and
   * keeps it for another attempt when that fails; such a failure never reaches the caller.
   */
  add(entry: UsageEntry): Promise<void>;
  /**
   * Holds everything added to this ledger before the call and nothing added after it, and what other instances have
   * written by now.
   */
  today(): Promise<DailyUsage>;
  /** The last `count` UTC days, today first; days without usage are zero. */
  days(count: number): Promise<DailyUsage[]>;
  /** True for exactly one caller per name and UTC day, over all instances. */
  claimOnce(name: string): Promise<boolean>;
  /** Tries to write what was added before the call. What cannot be written is kept. */
  flush(): Promise<void>;
  /** Flushes before. */
  close(): Promise<void>;
}
