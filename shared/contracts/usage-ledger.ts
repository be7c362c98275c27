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
  /** Null when the price is unknown: never 0, never another model's price. */
  readonly costNanoUsd: number | null;
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

export interface UsageLedger {
  readonly id: string;
  add(entry: UsageEntry): Promise<void>;
  today(): Promise<DailyUsage>;
  /** The last `count` UTC days, today first; days without usage are zero. */
  days(count: number): Promise<DailyUsage[]>;
  close(): Promise<void>;
}
