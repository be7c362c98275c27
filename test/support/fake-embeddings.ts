import type { EmbeddingProvider, EmbedResult } from '../../shared/contracts/embedding-provider.ts';

/** A provider whose vector says which text it is for. */
export function createFakeEmbeddings(
  overrides: Partial<Omit<EmbeddingProvider, 'embed'>> & {
    readonly answer?: (
      texts: readonly string[],
      purpose: string,
      signal: AbortSignal,
    ) => EmbedResult | Promise<EmbedResult>;
  } = {},
) {
  const { answer = (texts) => ({ vectors: texts.map(toFakeVector) }), ...rest } = overrides;
  const batches: string[][] = [];
  const provider: EmbeddingProvider = {
    id: 'fake',
    model: 'm',
    dimensions: 2,
    maxBatchSize: 2048,
    maxBatchTokens: 300_000,
    maxInputTokens: 8192,
    ...rest,
    async embed(texts, options) {
      batches.push([...texts]);
      return answer(texts, options.purpose, options.signal);
    },
  };
  return { provider, batches };
}

export const toFakeVector = (text: string) => Float32Array.of(text.length + 1, text.charCodeAt(0));
/** `text 0`, `text 1`, … */
export const toTexts = (count: number) => Array.from({ length: count }, (_, index) => `text ${index}`);
