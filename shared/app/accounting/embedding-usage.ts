import { describeError, type Log } from '../../telemetry/log.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { Budget } from '../../usage/budget.ts';
import { budgetScopeOf, type Caller } from '../caller.ts';
import type { CostMeter } from './cost-meter.ts';

export interface EmbeddedTokens {
  /** The embedding model; undefined when none is configured, and then nothing was embedded. */
  readonly target: { readonly provider: string; readonly model: string } | undefined;
  readonly tokens: number;
  readonly caller: Caller;
  readonly tenant: string | null;
}

/** What embeddings cost, and whether there is a budget for them: of ingestion, of searches, of callers' own texts. */
export interface EmbeddingUsage {
  /** @throws AppError `budget_exceeded`. */
  check(caller: Caller): Promise<void>;
  /** Adds the tokens to the ledger. @returns the cost in USD; null when the price is unknown. */
  record(used: EmbeddedTokens): Promise<number | null>;
}

export interface EmbeddingUsageOptions {
  readonly meter: CostMeter;
  readonly budget: Budget;
  readonly log: Log;
  readonly telemetry: Pick<Telemetry, 'embeddingsCharged'>;
}

export function createEmbeddingUsage({ meter, budget, log, telemetry }: EmbeddingUsageOptions): EmbeddingUsage {
  return {
    check: (caller) => budget.check(budgetScopeOf(caller)),
    async record({ target, tokens, caller, tenant }) {
      if (target === undefined || tokens === 0) return 0;
      const { costUsd, entry } = meter.measure(target, { prompt_tokens: tokens, completion_tokens: 0 });
      const { provider, model } = target;
      telemetry.embeddingsCharged({ provider, model, tokens, costUsd, tenant, key: caller.key });
      try {
        await budget.record({ ...entry, tenant, ...(caller.key === undefined ? {} : { key: caller.key }) });
      } catch (error) {
        // The vectors are there and paid for: a ledger that is down must not take them away.
        log('WARNING', 'usage not recorded', { error: describeError(error) });
      }
      return costUsd;
    },
  };
}
