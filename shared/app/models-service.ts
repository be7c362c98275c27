import { once } from '../config/objects.ts';
import type { AgentConfig, LegConfig, SluiceConfig } from '../config/types.ts';
import { AppError } from '../contracts/app-error.ts';
import type { ModelInfo } from '../usage/catalogue/model-info.ts';
import type { ModelCatalogue } from '../usage/catalogue.ts';
import { toUsd } from '../usage/cost.ts';
import type { Caller } from './caller.ts';

/** OpenAI's model object, with what Sluice knows beside it. */
export interface ModelObject {
  readonly id: string;
  readonly object: 'model';
  readonly created: number;
  readonly owned_by: string;
  readonly sluice: {
    readonly kind: 'agent' | 'model' | 'embedding';
    readonly provider: string;
    readonly model: string;
    readonly context_window: number | null;
    readonly max_output_tokens: number | null;
    /** USD per million tokens, or per thousand characters where `unit` says so; null when unknown. */
    readonly prices: {
      readonly unit: 'per_1m_tokens' | 'per_1k_characters';
      readonly input: number;
      readonly output: number | null;
    } | null;
    readonly capabilities: ModelInfo['capabilities'];
    /** The legs of an agent, in order. */
    readonly cascade?: readonly string[];
  };
}

export interface ModelsService {
  list(caller: Caller): { readonly object: 'list'; readonly data: readonly ModelObject[] };
  /** @throws AppError `model_not_found`. */
  get(caller: Caller, id: string): ModelObject;
}

/** Agents first, then every configured model by its `provider/model`, then the embedding model. */
export function createModelsService(config: SluiceConfig, catalogue: ModelCatalogue, startedAt: Date): ModelsService {
  const created = Math.floor(startedAt.getTime() / 1000);
  const object = (id: string, kind: ModelObject['sluice']['kind'], provider: string, model: string): ModelObject => {
    const info = catalogue.find(provider, model);
    return {
      id,
      object: 'model',
      created,
      owned_by: provider,
      sluice: {
        kind,
        provider,
        model,
        context_window: info?.contextWindow ?? null,
        max_output_tokens: info?.maxOutputTokens ?? null,
        prices: toPrices(info),
        capabilities: info?.capabilities ?? {},
      },
    };
  };
  const toAgent = ({ name, legs }: AgentConfig): ModelObject => {
    const [first] = legs as readonly [LegConfig, ...LegConfig[]];
    const { sluice, ...rest } = object(name, 'agent', first.provider, first.model);
    return {
      ...rest,
      owned_by: 'sluice',
      sluice: { ...sluice, cascade: legs.map(({ provider, model }) => `${provider}/${model}`) },
    };
  };
  // Made for the first who asks: the rows of all their vendors are read for it.
  const all = once((): readonly ModelObject[] => {
    const legs = [...config.agents.flatMap((agent) => agent.legs), ...config.modelServices];
    const models = new Map(legs.map(({ provider, model }) => [`${provider}/${model}`, { provider, model }]));
    const embeddings = config.embeddings ? [config.embeddings] : [];
    return [
      ...config.agents.map(toAgent),
      ...[...models].map(([id, { provider, model }]) => object(id, 'model', provider, model)),
      ...embeddings.map(({ provider, model }) => object(`${provider}/${model}`, 'embedding', provider, model)),
    ];
  });
  const visible = (caller: Caller): readonly ModelObject[] =>
    caller.models ? all().filter(({ id }) => caller.models?.includes(id)) : all();

  return {
    list: (caller) => ({ object: 'list', data: visible(caller) }),
    get(caller, id) {
      const found = visible(caller).find((model) => model.id === id);
      if (found) return found;
      throw new AppError('model_not_found', 'There is no such model here. GET /v1/models lists them.', {
        param: 'model',
      });
    },
  };
}

function toPrices(info: ModelInfo | undefined): ModelObject['sluice']['prices'] {
  const prices = info?.prices;
  if (!prices) return null;
  // The catalogue counts nano-dollars per million units; prices by the character are quoted per thousand.
  const toPrice = (nanoUsd: number): number => toUsd(nanoUsd) / (prices.unit === 'characters' ? 1000 : 1);
  return {
    unit: prices.unit === 'characters' ? 'per_1k_characters' : 'per_1m_tokens',
    input: toPrice(prices.input),
    output: prices.output === undefined ? null : toPrice(prices.output),
  };
}
