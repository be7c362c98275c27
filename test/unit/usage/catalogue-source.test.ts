import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createCatalogue } from '../../../shared/usage/catalogue.ts';

/** One model as the data set has it: USD per 1,000,000 tokens. */
interface SourceRow {
  readonly input?: number;
  readonly output?: number;
  readonly cached_input?: number;
  readonly cache_write?: number;
  readonly context?: number;
  readonly max_output?: number;
  readonly modalities?: readonly string[];
  readonly tools?: boolean;
  readonly reasoning?: boolean;
  readonly structured_output?: boolean;
  readonly temperature?: boolean;
}

interface Source {
  readonly models: Readonly<Record<string, Readonly<Record<string, SourceRow>>>>;
  readonly legacy_from_guide: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const path = new URL('../../../../shared/data/models.json', import.meta.url);
const source: Source | undefined = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;

/** Left out: it answers with pictures and has neither price nor window. */
const LEFT_OUT = new Set(['openai/gpt-image-1-mini']);

/** Carried beside it: by the vendor's own price list. */
const ADDED = new Set(['openai/gpt-5']);

const catalogue = createCatalogue();
const nano = (usd: number | undefined): number | undefined => (usd === undefined ? undefined : Math.round(usd * 1e9));

describe.skipIf(source === undefined)('[optional] the catalogue against the data set it was made from', () => {
  const rows = Object.entries(source?.models ?? {}).flatMap(([provider, models]) =>
    Object.entries(models)
      .filter(([model]) => !LEFT_OUT.has(`${provider}/${model}`))
      .map(([model, row]) => [provider, model, row] as const),
  );

  test('every row of the data set is carried, and nothing is carried that it lacks', () => {
    const known = new Set([...rows.map(([provider, model]) => `${provider}/${model}`), ...ADDED]);
    for (const [provider, model] of rows) expect(catalogue.find(provider, model)?.model).toBe(model);
    for (const provider of Object.keys(source?.models ?? {})) {
      const extra = catalogue.list(provider).filter(({ model }) => !known.has(`${provider}/${model}`));
      // Rows from elsewhere: models that are billed by the character, and embedding models without a price.
      for (const { prices } of extra) expect([undefined, 'characters']).toContain(prices?.unit);
    }
  });

  test.each(rows)('[optional] %s %s has the same figures', (provider, model, row) => {
    const info = catalogue.find(provider, model);
    expect(info?.prices?.input).toBe(nano(row.input));
    expect(info?.prices?.output).toBe(nano(row.output));
    expect(info?.prices?.cachedInput).toBe(nano(row.cached_input || undefined));
    expect(info?.prices?.cacheWrite).toBe(nano(row.cache_write));
    if (row.context !== undefined) expect(info?.contextWindow).toBe(row.context);
    if (info?.kind === 'embedding') return;
    expect(info?.maxOutputTokens).toBe(row.max_output);
    expect(info?.capabilities).toEqual({
      // OpenAI documents function calling for it; the data set does not.
      tools: model === 'gpt-3.5-turbo' ? true : row.tools,
      imageInput: row.modalities?.includes('image'),
      audioInput: row.modalities?.includes('audio'),
      fileInput: row.modalities?.includes('pdf'),
      reasoning: row.reasoning,
      temperature: row.temperature,
      ...(row.structured_output === undefined ? {} : { structuredOutput: row.structured_output }),
    });
  });

  test('[optional] vector lengths and prices by the character are the same', () => {
    const legacy = source?.legacy_from_guide;
    for (const [model, dimensions] of Object.entries(legacy?.dimensions ?? {})) {
      expect(catalogue.find('huggingface', model)?.dimensions).toBe(dimensions);
      expect(catalogue.find('huggingface_tei', model)?.dimensions).toBe(dimensions);
    }
    for (const [model, row] of Object.entries(legacy?.vertexai ?? {}) as [string, SourceRow][]) {
      expect(catalogue.find('vertexai', model)?.prices).toEqual({
        unit: 'characters',
        input: Math.round((row.input ?? Number.NaN) * 1e12),
        output: Math.round((row.output ?? Number.NaN) * 1e12),
      });
    }
  });
});
