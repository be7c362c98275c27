import { describe, expect, it } from 'vitest';
import { createModelsService } from '../../../shared/app/models-service.ts';
import { parseConfig } from '../../../shared/config/parse.ts';
import { createCatalogue } from '../../../shared/usage/catalogue.ts';

const { config } = parseConfig(
  `
agents:
  - name: analyst
    role: assistant
    providers:
      - model: gpt-4-turbo
        provider: openai
        api_key: sk-test
      - model: gpt-unheard-of
        provider: openai
        api_key: sk-test
  - name: second
    role: assistant
    model: gpt-4-turbo
    provider: openai
    api_key: sk-test
model_services:
  - name: phi-local
    provider: huggingface
    model: phi3.5
    runtime: ollama
    config:
      address: http://localhost:11434
embeddings:
  provider: openai
  openai:
    api_key: sk-test
    model: text-embedding-3-small
`,
  { environment: {}, source: 'agents.yaml' },
);
const models = createModelsService(config, createCatalogue(), new Date('2026-11-22T12:00:00.900Z'));
const everyone = { tenant: null };

describe('the list of models', () => {
  it('has agents first, then each configured model once, then the embedding model', () => {
    const { object, data } = models.list(everyone);
    expect(object).toBe('list');
    expect(data.map(({ id, sluice }) => [id, sluice.kind])).toEqual([
      ['analyst', 'agent'],
      ['second', 'agent'],
      ['openai/gpt-4-turbo', 'model'],
      ['openai/gpt-unheard-of', 'model'],
      ['ollama/phi3.5', 'model'],
      ['openai/text-embedding-3-small', 'embedding'],
    ]);
    for (const model of data) expect(model).toMatchObject({ object: 'model', created: 1_795_348_800 });
  });

  it('has an agent’s cascade, and what its first leg is', () => {
    expect(models.get(everyone, 'analyst')).toMatchObject({
      owned_by: 'sluice',
      sluice: {
        provider: 'openai',
        model: 'gpt-4-turbo',
        context_window: 128_000,
        cascade: ['openai/gpt-4-turbo', 'openai/gpt-unheard-of'],
      },
    });
  });

  it('has limits, prices per million tokens and abilities where they are known', () => {
    expect(models.get(everyone, 'openai/gpt-4-turbo')).toMatchObject({
      owned_by: 'openai',
      sluice: {
        context_window: 128_000,
        max_output_tokens: 4_096,
        prices: { unit: 'per_1m_tokens', input: 10, output: 30 },
        capabilities: { tools: true },
      },
    });
  });

  it('has null, not 0, where nothing is known', () => {
    expect(models.get(everyone, 'openai/gpt-unheard-of').sluice).toMatchObject({
      context_window: null,
      max_output_tokens: null,
      prices: null,
      capabilities: {},
    });
    expect(models.get(everyone, 'ollama/phi3.5').sluice.prices).toEqual({ unit: 'per_1m_tokens', input: 0, output: 0 });
  });

  it('quotes prices by the character per thousand', () => {
    const gemini = parseConfig(
      'agents:\n  - {name: a, role: assistant, model: gemini-1.5-pro, provider: vertexai, project_id: p}\n',
      { environment: {}, source: 'agents.yaml' },
    ).config;
    const { sluice } = createModelsService(gemini, createCatalogue(), new Date(0)).get(everyone, 'a');
    expect(sluice.prices).toEqual({ unit: 'per_1k_characters', input: 0.00125, output: 0.005 });
  });

  it('shows a credential no more than it may use', () => {
    const limited = { tenant: 't1', models: ['second', 'openai/gpt-4-turbo', 'not/there'] };
    expect(models.list(limited).data.map(({ id }) => id)).toEqual(['second', 'openai/gpt-4-turbo']);
    expect(models.get(limited, 'second').id).toBe('second');
    expect(() => models.get(limited, 'analyst')).toThrowError(
      expect.objectContaining({ code: 'model_not_found', param: 'model' }),
    );
    expect(models.list({ tenant: null, models: [] }).data).toEqual([]);
  });

  it.each(['nothing', '', 'ANALYST', '__proto__', 'analyst/'])('has no %j', (id) => {
    expect(() => models.get(everyone, id)).toThrowError(expect.objectContaining({ code: 'model_not_found' }));
  });

  it('shows no key and no address', () => {
    expect(JSON.stringify(models.list(everyone))).not.toMatch(/sk-test|localhost/);
  });
});
