import type { SluiceConfig } from '../config/types.ts';
import { embeddingProviders } from '../embeddings/registry.ts';
import { vectorStores } from '../stores/vector/registry.ts';

/**
 * Settings that are valid in a file and that this version does not act on yet. Nobody should believe in a limit that
 * is not kept, so each is a warning at start-up.
 */
export function listUnusedSettings(config: SluiceConfig): string[] {
  const { auth, limits, observability, retrieval, embeddings, vectorstore } = config;
  const limited = auth.keys.filter(
    (key) =>
      key.requestsPerMinute !== undefined || key.tokensPerMinute !== undefined || key.dailyBudgetUsd !== undefined,
  );
  const settings: readonly (readonly [isSet: boolean, name: string])[] = [
    [limited.length > 0, 'auth.keys[].requests_per_minute, tokens_per_minute and daily_budget_usd'],
    [auth.corsOrigins.length > 0, 'auth.cors_origins'],
    [config.cache !== undefined, 'cache'],
    [limits.requestsPerMinute !== undefined || limits.tokensPerMinute !== undefined, 'limits.*_per_minute'],
    [limits.dailyUsd !== undefined, 'limits.daily_usd'],
    [limits.client !== undefined || Object.keys(limits.providers).length > 0, 'limits.client and limits.providers'],
    [observability.costAlertThresholdUsd !== undefined, 'observability.cost_alert_threshold'],
    [observability.dailyTokenLimit !== undefined, 'observability.llm_observability.daily_token_limit'],
    [observability.tracing !== undefined || observability.langfuse !== undefined, 'observability tracing and langfuse'],
    [config.agents.some(({ strategy }) => strategy !== 'cascade'), 'fallback_strategy other than cascade'],
    [config.agents.some(({ tools }) => tools.length > 0) || config.tools.length > 0, 'tools of role react'],
    [config.routing.rules.length > 0, 'routing.rules'],
    [retrieval.mode !== 'vector', 'retrieval.mode other than vector'],
    [
      retrieval.rewrite || retrieval.multiQuery > 0 || retrieval.mmr !== undefined,
      'retrieval rewrite, multi_query, mmr',
    ],
    [
      embeddings !== undefined && !(embeddings.provider in embeddingProviders),
      `embeddings.provider ${embeddings?.provider}`,
    ],
    [
      vectorstore !== undefined && !(vectorstore.provider in vectorStores),
      `vectorstore.provider ${vectorstore?.provider}`,
    ],
  ];
  return settings
    .filter(([isSet]) => isSet)
    .map(([, name]) => `${name}: read and checked, but not acted on in this version`);
}
