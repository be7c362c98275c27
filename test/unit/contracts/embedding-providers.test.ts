import { describe, expect, it } from 'vitest';
import { type EmbeddingOptions, embeddingProviders } from '../../../shared/embeddings/registry.ts';
import {
  describeEmbeddingProvider,
  type EmbeddingProviderSuite,
  vectorOfText,
} from '../../contracts/embedding-provider.ts';
import type { ScriptedResponse } from '../../contracts/scripted-fetch.ts';

type Wire = Omit<EmbeddingProviderSuite, 'name' | 'createProvider'> & {
  readonly options?: Partial<EmbeddingOptions>;
};

const json = (value: unknown): ScriptedResponse => ({ body: JSON.stringify(value) });
const toBase64 = (vector: readonly number[]): string =>
  Buffer.from(Float32Array.from(vector).buffer).toString('base64');

const openai: Wire = {
  dimensions: 8,
  options: { model: 'text-embedding-3-small', dimensions: 8 },
  upstream: ({ body }) => {
    const { input, encoding_format } = JSON.parse(body) as { input: string[]; encoding_format: string };
    const encode = encoding_format === 'base64' ? toBase64 : (vector: number[]) => vector;
    return json({
      object: 'list',
      model: 'text-embedding-3-small',
      data: input.map((text, index) => ({ object: 'embedding', index, embedding: encode(vectorOfText(text, 8)) })),
      usage: { prompt_tokens: input.length, total_tokens: input.length },
    });
  },
};

const huggingface: Wire = {
  dimensions: 384,
  options: { model: 'BAAI/bge-small-en-v1.5' },
  upstream: ({ body }) => {
    const { inputs } = JSON.parse(body) as { inputs: string[] };
    return json(inputs.map((text) => vectorOfText(text, 384)));
  },
};

const tei: Wire = {
  dimensions: 7,
  options: { model: 'our/own', endpoint: 'http://127.0.0.1:8080' },
  upstream: ({ url, body }) => {
    if (url.endsWith('/info')) return json({ max_client_batch_size: 64, max_input_length: 512 });
    const { inputs } = JSON.parse(body) as { inputs: string[] };
    return json(inputs.map((text) => vectorOfText(text, 7)));
  },
};

const vertexai: Wire = {
  dimensions: 768,
  options: { project: 'p' },
  upstream: ({ body }) => {
    const { instances } = JSON.parse(body) as { instances: { content: string }[] };
    return json({
      predictions: instances.map(({ content }) => ({
        embeddings: { values: vectorOfText(content, 768), statistics: { token_count: 3, truncated: false } },
      })),
    });
  },
};

const gemini: Wire = {
  dimensions: 16,
  options: { dimensions: 16 },
  upstream: ({ body }) => {
    const { requests } = JSON.parse(body) as { requests: { content: { parts: { text: string }[] } }[] };
    return json({
      embeddings: requests.map(({ content }) => ({ values: vectorOfText(content.parts[0]?.text ?? '', 16) })),
    });
  },
};

const ollama: Wire = {
  dimensions: 12,
  options: { model: 'our-own', endpoint: 'http://127.0.0.1:11434' },
  upstream: ({ body }) => {
    const { input } = JSON.parse(body) as { input: string[] };
    return json({ embeddings: input.map((text) => vectorOfText(text, 12)), prompt_eval_count: input.length });
  },
};

/** The wire format behind each registered provider; `local` computes by itself. */
const WIRES: Readonly<Record<string, Wire>> = {
  openai,
  huggingface,
  huggingface_tei: tei,
  vertexai,
  gemini,
  ollama,
  local: { dimensions: 768 },
};

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
