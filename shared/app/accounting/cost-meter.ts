import type { ChatCompletion } from '../../contracts/chat-provider.ts';
import type { UsageEntry } from '../../contracts/usage-ledger.ts';
import type { ModelCatalogue } from '../../usage/catalogue.ts';
import type { CharacterCounts } from '../../usage/characters.ts';
import { type Cost, costOf, toUsd, type UnpricedReason } from '../../usage/cost.ts';

/** Where a call went and what it used, as the ledger wants it, without who made it. */
export type MeteredEntry = Pick<UsageEntry, 'provider' | 'model' | 'promptTokens' | 'completionTokens' | 'costNanoUsd'>;

interface Target {
  readonly provider: string;
  readonly model: string;
}

/** A call whose cost nobody knows. */
export interface UnpricedCall extends Target {
  readonly reason: UnpricedReason;
}

export interface CostMeter {
  /** Prices one call. The characters matter only where `billsCharacters`; without them such a call costs null. */
  measure(
    target: Target,
    usage: ChatCompletion['usage'] | { readonly prompt_tokens: number; readonly completion_tokens: number } | undefined,
    characters?: CharacterCounts,
  ): { readonly costUsd: number | null; readonly entry: MeteredEntry };
  /** Whether the model is billed by the character, so that its prompts and answers have to be counted. */
  billsCharacters(target: Target): boolean;
}

export interface CostMeterOptions {
  /** Told of a call without a known cost, once per model and reason: its money is missing from every sum. */
  readonly onUnpriced?: (call: UnpricedCall) => void;
}

/** Model names may come from requests; beyond this many nobody is told of further ones. */
const MAX_REPORTED = 500;

/** Prices the usage an upstream reported. A model without a price, or an answer without usage, costs null: not 0. */
export function createCostMeter(catalogue: ModelCatalogue, { onUnpriced }: CostMeterOptions = {}): CostMeter {
  const reported = new Set<string>();
  const report = (call: UnpricedCall): void => {
    const key = `${call.reason} ${call.provider}/${call.model}`;
    if (reported.has(key) || reported.size >= MAX_REPORTED) return;
    reported.add(key);
    onUnpriced?.(call);
  };

  return {
    measure({ provider, model }, usage, characters) {
      const info = catalogue.find(provider, model);
      const details = usage && 'prompt_tokens_details' in usage ? usage.prompt_tokens_details : undefined;
      const promptTokens = usage?.prompt_tokens ?? 0;
      const completionTokens = usage?.completion_tokens ?? 0;
      const isCounted =
        usage !== undefined || info?.local || (info?.prices?.unit === 'characters' && characters?.input !== undefined);
      const cost: Cost = isCounted
        ? costOf({
            info,
            usage: {
              promptTokens,
              completionTokens,
              ...(details?.cached_tokens === undefined ? {} : { cachedTokens: details.cached_tokens }),
              ...(details?.cache_write_tokens === undefined ? {} : { cacheWriteTokens: details.cache_write_tokens }),
              ...(characters?.input === undefined ? {} : { promptCharacters: characters.input }),
              ...(characters === undefined ? {} : { completionCharacters: characters.output }),
            },
          })
        : { nanoUsd: null, priced: false, reason: info === undefined ? 'unknown_model' : 'unknown_usage' };
      if (!cost.priced) report({ provider, model, reason: cost.reason });
      return {
        costUsd: toUsd(cost.nanoUsd),
        entry: { provider, model, promptTokens, completionTokens, costNanoUsd: cost.nanoUsd },
      };
    },
    billsCharacters: ({ provider, model }) => catalogue.find(provider, model)?.prices?.unit === 'characters',
  };
}
