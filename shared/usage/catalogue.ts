import { AppError } from '../contracts/app-error.ts';
import { anthropic } from './catalogue/anthropic.ts';
import { gemini } from './catalogue/gemini.ts';
import { huggingface } from './catalogue/huggingface.ts';
import { FREE, type ModelInfo, toModelInfos } from './catalogue/model-info.ts';
import { isDatedForm, namesOf, plainName } from './catalogue/model-names.ts';
import { openai } from './catalogue/openai.ts';
import { applyOverride, type PriceOverride } from './catalogue/price-override.ts';
import type { ProviderRows } from './catalogue/rows.ts';
import { SENTENCE_MODELS } from './catalogue/sentence-models.ts';
import { vertexai } from './catalogue/vertexai.ts';
import { xai } from './catalogue/xai.ts';

const PROVIDERS: Readonly<Record<string, ProviderRows>> = {
  openai,
  anthropic,
  gemini,
  vertexai,
  xai,
  huggingface,
  huggingface_tei: { chat: [], embeddings: SENTENCE_MODELS },
};

/** Providers that run on the deployment's own machines: whatever the model, there is no price by the token. */
const LOCAL_PROVIDERS: ReadonlySet<string> = new Set(['ollama', 'local']);

export interface ModelCatalogue {
  /**
   * The model's row, by its exact name or a dated form of it: `claude-3-haiku` is `claude-3-haiku-20240307`, and
   * `gpt-4-turbo-2024-04-09` is `gpt-4-turbo`. Undefined when there is none; never a similar model's.
   */
  find(provider: string, model: string): ModelInfo | undefined;
  /** The model at every provider whose rows have that name, exact or dated. Local providers match configured names only. */
  findByName(model: string): ModelInfo[];
  /** All rows of a provider, last those that only the configuration has. */
  list(provider: string): ModelInfo[];
}

/** What is known about models: prices, limits, abilities. */
export function createCatalogue({
  overrides = {},
}: {
  /** The configuration's `prices`, by `provider/model`. */
  readonly overrides?: Readonly<Record<string, PriceOverride>>;
} = {}): ModelCatalogue {
  const tables = new Map<string, Map<string, ModelInfo>>();
  const configured = Object.entries(overrides).map(([key, override]) => ({ ...splitKey(key), key, override }));
  // Only these get a table: provider names may come from requests, and must not pile up.
  const providers = new Set([...Object.keys(PROVIDERS), ...configured.map(({ provider }) => provider)]);

  const table = (provider: string): Map<string, ModelInfo> => {
    const existing = tables.get(provider);
    if (existing !== undefined) return existing;
    const rows = new Map<string, ModelInfo>();
    if (!providers.has(provider)) return rows;
    const known = rowsOf(provider);
    for (const info of known === undefined ? [] : toModelInfos(provider, known)) rows.set(info.model, info);
    tables.set(provider, rows);
    return rows;
  };

  const find = (provider: string, model: string): ModelInfo | undefined =>
    findRow(table(provider), provider, model) ?? localModel(provider, model);

  for (const { provider, model, key, override } of configured) {
    const base = find(provider, model);
    const name = base !== undefined && isOtherName(base, model) ? base.model : model;
    const row = base ?? { provider, model, local: false, capabilities: {} };
    table(provider).set(name, applyOverride({ ...row, model: name }, override, key));
  }

  return {
    find,
    findByName: (model) => [...providers].flatMap((provider) => findRow(table(provider), provider, model) ?? []),
    list: (provider) => [...table(provider).values()],
  };
}

function rowsOf(provider: string): ProviderRows | undefined {
  return Object.hasOwn(PROVIDERS, provider) ? PROVIDERS[provider] : undefined;
}

function findRow(rows: ReadonlyMap<string, ModelInfo>, provider: string, model: string): ModelInfo | undefined {
  for (const name of namesOf(provider, model)) {
    const row = rows.get(name) ?? rows.get(aliasOf(provider, name) ?? '');
    if (row !== undefined) return row;
  }
  return newestDated(rows, plainName(provider, model));
}

/** A short name stands for the newest of its dated forms, as it does at the vendors. */
function newestDated(rows: ReadonlyMap<string, ModelInfo>, model: string): ModelInfo | undefined {
  let newest: ModelInfo | undefined;
  for (const row of rows.values()) {
    if (isDatedForm(row.model, model) && (newest === undefined || row.model > newest.model)) newest = row;
  }
  return newest;
}

function aliasOf(provider: string, model: string): string | undefined {
  const aliases = rowsOf(provider)?.aliases;
  return aliases !== undefined && Object.hasOwn(aliases, model) ? aliases[model] : undefined;
}

/** Whether `model` is another name for this very row, so that overriding either means both. */
function isOtherName(row: ModelInfo, model: string): boolean {
  return aliasOf(row.provider, model) === row.model || isDatedForm(row.model, model);
}

function localModel(provider: string, model: string): ModelInfo | undefined {
  return LOCAL_PROVIDERS.has(provider) ? { provider, model, local: true, prices: FREE, capabilities: {} } : undefined;
}

function splitKey(key: string): { readonly provider: string; readonly model: string } {
  const slash = key.indexOf('/');
  if (slash < 1 || slash === key.length - 1) {
    throw new AppError('configuration', `\`prices.${key}\` must be named provider/model, such as openai/gpt-4o.`, {
      param: `prices.${key}`,
    });
  }
  const provider = key.slice(0, slash);
  return { provider, model: plainName(provider, key.slice(slash + 1)) };
}
