import { describe, expect, it } from 'vitest';
import { type EmbeddingOptions, embeddingProviders } from '../../../shared/embeddings/registry.ts';
import {
  describeEmbeddingProvider,
  type EmbeddingProviderSuite,
  vectorOfText,
} from '../../contracts/embedding-provider.ts';

type Wire = Omit<EmbeddingProviderSuite, 'name' | 'createProvider'> & {
  readonly options?: Partial<EmbeddingOptions>;
};

const openai: Wire = {
  dimensions: 8,
  options: { model: 'text-embedding-3-small', dimensions: 8 },
  upstream: ({ body }) => {
    const { input } = JSON.parse(body) as { input: string[] };
    return {
      body: JSON.stringify({
        object: 'list',
        model: 'text-embedding-3-small',
        data: input.map((text, index) => ({ object: 'embedding', index, embedding: vectorOfText(text, 8) })),
        usage: { prompt_tokens: input.length, total_tokens: input.length },
      }),
    };
  },
};

/** The wire format behind each registered provider; `local` computes by itself. */
const WIRES: Readonly<Record<string, Wire>> = { openai, local: { dimensions: 768 } };

describe('the registered embedding providers', () => {
  it('all have a wire format here', () => {
    expect(Object.keys(embeddingProviders).sort()).toEqual(Object.keys(WIRES).sort());
  });

  for (const [name, create] of Object.entries(embeddingProviders)) {
    const wire = WIRES[name];
    if (!wire) continue;
    const { options, ...suite } = wire;
    describeEmbeddingProvider({
      name,
      createProvider: (fetch) => create({ credential: async () => 'key', fetch, ...options }),
      ...suite,
    });
  }
});
