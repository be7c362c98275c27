import { defined } from '../../config/objects.ts';
import type { SluiceConfig } from '../../config/types.ts';
import type { UsageLedger } from '../../contracts/usage-ledger.ts';
import { describeError, type Log } from '../../telemetry/log.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import { type Budget, createBudget } from '../../usage/budget.ts';
import { toBudgetLimits } from '../../usage/budget-limits.ts';
import type { ModelCatalogue } from '../../usage/catalogue.ts';
import type { Backends } from '../backends.ts';
import { type CostMeter, createCostMeter } from './cost-meter.ts';
import { createEmbeddingUsage, type EmbeddingUsage } from './embedding-usage.ts';
import { createLazyLedger } from './lazy-ledger.ts';
import { withTokenLimits } from './token-limits.ts';

/** What calls cost, where that is written down, and when it is enough. */
export interface Accounting {
  readonly ledger: UsageLedger;
  readonly budget: Budget;
  readonly meter: CostMeter;
  readonly embeddings: EmbeddingUsage;
  close(): Promise<void>;
}

export interface AccountingOptions {
  readonly config: SluiceConfig;
  readonly backends: Backends;
  readonly catalogue: ModelCatalogue;
  readonly log: Log;
  readonly telemetry: Pick<Telemetry, 'costAlert' | 'embeddingsCharged'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds of a clock that only goes forward, for what is allowed per minute. */
  readonly monotonicNow?: (() => number) | undefined;
}

export function createAccounting(options: AccountingOptions): Accounting {
  const { config, backends, catalogue, log, telemetry, now, monotonicNow } = options;
  const ledger = createLazyLedger(config.observability.ledger, backends.usageLedger);
  const dailyBudget = createBudget({
    ledger,
    limits: toBudgetLimits(config),
    strict: config.strict,
    now,
    onAlert: telemetry.costAlert,
    onWarning: (message, error) => log('WARNING', message, { error: describeError(error) }),
  });
  const budget = withTokenLimits(dailyBudget, { config, ...defined({ now: monotonicNow }) });
  const meter = createCostMeter(catalogue, {
    onUnpriced: ({ provider, model, reason }) => log('WARNING', 'cost unknown', { provider, model, reason }),
  });
  return {
    ledger,
    budget,
    meter,
    embeddings: createEmbeddingUsage({ meter, budget, log, telemetry }),
    async close() {
      await budget.close();
      await ledger.close();
    },
  };
}
