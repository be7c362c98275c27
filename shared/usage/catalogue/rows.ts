/**
 * The shape of the data files beside this one: one tuple a model, so that prices can be read and corrected at a glance.
 */

/**
 * `[input, output, cachedInput?, cacheWrite?]` in USD. A cached price of null means that the vendor names none.
 * The unit is 1,000,000 tokens, and 1,000 characters under `chatByCharacters`.
 */
export type PriceTuple = readonly [input: number, output: number, cachedInput?: number | null, cacheWrite?: number];

/** In tokens. */
export type LimitTuple = readonly [contextWindow: number, maxOutputTokens: number];

/**
 * `[model, prices, limits, abilities]`. Abilities are words of `ABILITIES`, separated by spaces; what is missing is
 * missing in the model, save `schema`: the source is silent for some models, and says `no-schema` for others.
 */
export type ChatRow = readonly [model: string, prices: PriceTuple | null, limits: LimitTuple, abilities: string];

/** `[model, USD per 1,000,000 tokens, tokens per text, length of the vectors]`; null where it is not known. */
export type EmbeddingRow = readonly [
  model: string,
  price: number | null,
  contextWindow: number | null,
  dimensions: number | null,
];

export interface ProviderRows {
  readonly chat: readonly ChatRow[];
  /** Models that are billed by the character. */
  readonly chatByCharacters?: readonly ChatRow[];
  readonly embeddings?: readonly EmbeddingRow[];
  /** Names the vendor documents for a row of this file, beyond dates and versions. */
  readonly aliases?: Readonly<Record<string, string>>;
}

export const ABILITIES = [
  'image',
  'audio',
  'file',
  'tools',
  'reasoning',
  'schema',
  'no-schema',
  'temperature',
] as const;
