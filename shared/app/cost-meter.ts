import type { ChatCompletion } from '../contracts/chat-provider.ts';
import type { UsageEntry } from '../contracts/usage-ledger.ts';
import type { ModelCatalogue } from '../usage/catalogue.ts';
import { costOf, toUsd } from '../usage/cost.ts';

/** Where a call went and what it used, as the ledger wants it, without who made it. */
export type MeteredEntry = Pick<UsageEntry, 'provider' | 'model' | 'promptTokens' | 'completionTokens' | 'costNanoUsd'>;

export interface CostMeter {
  measure(
    target: { readonly provider: string; readonly model: string },
    usage: ChatCompletion['usage'] | { readonly prompt_tokens: number; readonly completion_tokens: number } | undefined,
  ): { readonly costUsd: number | null; readonly entry: MeteredEntry };
}

/** Prices the usage an upstream reported. A model without a price, or an answer without usage, costs null: not 0. */
export function createCostMeter(catalogue: ModelCatalogue): CostMeter {
  return {
    measure({ provider, model }, usage) {
      const info = catalogue.find(provider, model);
      const details = usage && 'prompt_tokens_details' in usage ? usage.prompt_tokens_details : undefined;
      const promptTokens = usage?.prompt_tokens ?? 0;
      const completionTokens = usage?.completion_tokens ?? 0;
      const cost =
        usage === undefined && !info?.local
          ? null
          : costOf({
              info,
              usage: {
                promptTokens,
                completionTokens,
                ...(details?.cached_tokens === undefined ? {} : { cachedTokens: details.cached_tokens }),
                ...(details?.cache_write_tokens === undefined ? {} : { cacheWriteTokens: details.cache_write_tokens }),
              },
            }).nanoUsd;
      return {
        costUsd: toUsd(cost),
        entry: { provider, model, promptTokens, completionTokens, costNanoUsd: cost },
      };
    },
  };
}
