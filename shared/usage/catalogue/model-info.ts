import type { ChatRow, EmbeddingRow, PriceTuple, ProviderRows } from './rows.ts';

/** What a price is counted in. */
export type PriceUnit = 'tokens' | 'characters';

/** Integer nano-dollars (1 USD = 1,000,000,000) per 1,000,000 units. */
export interface ModelPrices {
  readonly unit: PriceUnit;
  readonly input: number;
  /** Absent when nobody named one: output then has no known cost. */
  readonly output?: number;
  /** Input read from the vendor's prompt cache. Absent: it costs what other input costs. */
  readonly cachedInput?: number;
  /** Input written to the vendor's prompt cache. Absent: it costs what other input costs. */
  readonly cacheWrite?: number;
}

/** What the model itself can do. A member that is absent is not known, and must not narrow anything. */
export interface ModelCapabilities {
  readonly tools?: boolean;
  readonly imageInput?: boolean;
  readonly audioInput?: boolean;
  readonly fileInput?: boolean;
  readonly reasoning?: boolean;
  /** `response_format` with a JSON schema, by the vendor itself. */
  readonly structuredOutput?: boolean;
  /** False: the vendor refuses `temperature`. */
  readonly temperature?: boolean;
}

export interface ModelInfo {
  readonly provider: string;
  /** The catalogue's name for the model: dated where only dated names exist, without a date where one row stands for all. */
  readonly model: string;
  /** Absent where a name alone does not tell, as with local models. */
  readonly kind?: 'chat' | 'embedding';
  /** Runs on the deployment's own machines and has no price by the token. */
  readonly local: boolean;
  /** Tokens of prompt and answer; of one text for an embedding model. */
  readonly contextWindow?: number;
  readonly maxOutputTokens?: number;
  /** Absent when the price is not known, which is not the same as free. */
  readonly prices?: ModelPrices;
  readonly capabilities: ModelCapabilities;
  /** Length of the vectors of an embedding model, before any shortening. */
  readonly dimensions?: number;
}

export const FREE: ModelPrices = { unit: 'tokens', input: 0, output: 0 };

const NANO = 1e9;

/** USD per 1,000,000 tokens or per 1,000 characters, as nano-dollars per 1,000,000 of the unit. */
export function toNanoPerMillion(usd: number, unit: PriceUnit): number {
  return Math.round(usd * (unit === 'characters' ? NANO * 1000 : NANO));
}

/** The rows of one provider in the order of its file. */
export function toModelInfos(provider: string, rows: ProviderRows): ModelInfo[] {
  return [
    ...rows.chat.map((row) => fromChatRow(provider, row, 'tokens')),
    ...(rows.chatByCharacters ?? []).map((row) => fromChatRow(provider, row, 'characters')),
    ...(rows.embeddings ?? []).map((row) => fromEmbeddingRow(provider, row)),
  ];
}

function fromChatRow(provider: string, [model, prices, limits, abilities]: ChatRow, unit: PriceUnit): ModelInfo {
  return {
    provider,
    model,
    kind: 'chat',
    local: false,
    contextWindow: limits[0],
    maxOutputTokens: limits[1],
    ...(prices === null ? {} : { prices: fromPriceTuple(prices, unit) }),
    capabilities: toCapabilities(abilities),
  };
}

function fromPriceTuple([input, output, cachedInput, cacheWrite]: PriceTuple, unit: PriceUnit): ModelPrices {
  return {
    unit,
    input: toNanoPerMillion(input, unit),
    output: toNanoPerMillion(output, unit),
    // A data set that says 0 means that it does not know: no vendor reads its cache for nothing.
    ...(cachedInput ? { cachedInput: toNanoPerMillion(cachedInput, unit) } : {}),
    ...(cacheWrite ? { cacheWrite: toNanoPerMillion(cacheWrite, unit) } : {}),
  };
}

function toCapabilities(abilities: string): ModelCapabilities {
  const words = new Set(abilities.split(' '));
  return {
    tools: words.has('tools'),
    imageInput: words.has('image'),
    audioInput: words.has('audio'),
    fileInput: words.has('file'),
    reasoning: words.has('reasoning'),
    ...(words.has('schema') || words.has('no-schema') ? { structuredOutput: words.has('schema') } : {}),
    temperature: words.has('temperature'),
  };
}

const NO_CHAT: ModelCapabilities = {
  tools: false,
  imageInput: false,
  audioInput: false,
  fileInput: false,
  reasoning: false,
  structuredOutput: false,
  temperature: false,
};

function fromEmbeddingRow(provider: string, [model, price, contextWindow, dimensions]: EmbeddingRow): ModelInfo {
  return {
    provider,
    model,
    kind: 'embedding',
    local: false,
    ...(contextWindow === null ? {} : { contextWindow }),
    ...(price === null ? {} : { prices: fromPriceTuple([price, 0], 'tokens') }),
    capabilities: NO_CHAT,
    ...(dimensions === null ? {} : { dimensions }),
  };
}
