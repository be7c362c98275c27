import { describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../../shared/config/load.ts';

const EVERY_KEY = {
  HF_TOKEN: 'h',
  XAI_API_KEY: 'x',
  GOOGLE_API_KEY: 'g',
  ANTHROPIC_API_KEY: 'a',
  OPENAI_API_KEY: 'o',
};

describe('the development defaults', () => {
  it('answer with the extractive model when nothing else is there', async () => {
    const { config, choices } = await loadConfig({ environment: {} });
    expect(config).toMatchObject({
      source: 'development defaults',
      production: false,
      agents: [
        { name: 'default', role: 'assistant', legs: [{ provider: 'local', model: 'extractive' }], disabledLegs: [] },
      ],
      embeddings: { provider: 'local', dimensions: 768 },
      vectorstore: { provider: 'memory', embeddingDimensions: 768 },
      auth: { mode: 'none' },
      playground: true,
      warnings: [],
    });
    expect(choices).toHaveLength(4);
  });

  it('put every provider with a key into the cascade, in a fixed order, and say why', async () => {
    const { config, choices } = await loadConfig({ environment: EVERY_KEY });
    expect(config.agents[0]?.legs.map(({ provider }) => provider)).toEqual([
      'openai',
      'anthropic',
      'gemini',
      'xai',
      'huggingface',
      'local',
    ]);
    expect(config.agents[0]?.legs[2]?.apiKeys).toEqual([{ value: 'g' }]);
    expect(choices[0]).toBe('openai/gpt-4o-mini: OPENAI_API_KEY is set');
    expect(choices[2]).toBe('gemini/gemini-2.5-flash: GOOGLE_API_KEY is set');
    expect(config.warnings).toEqual([]);
  });

  it('never show a key', async () => {
    const { choices } = await loadConfig({ environment: { OPENAI_API_KEY: 'sk-SECRET123' } });
    expect(choices.join('\n')).not.toContain('SECRET123');
  });

  it('use an Ollama that answers, with its first chat model, before the extractive one', async () => {
    const probe = vi.fn(async () => ['nomic-embed-text', 'llama3.1:8b', 'phi3']);
    const { config, choices } = await loadConfig({ environment: { OPENAI_API_KEY: 'k' }, probe });
    expect(probe).toHaveBeenCalledExactlyOnceWith('http://localhost:11434');
    expect(config.agents[0]?.legs).toMatchObject([
      { provider: 'openai' },
      { provider: 'ollama', model: 'llama3.1:8b', endpoint: 'http://localhost:11434' },
      { provider: 'local' },
    ]);
    expect(choices[1]).toBe('ollama/llama3.1:8b: Ollama answers at http://localhost:11434');
  });

  it('ask the Ollama that OLLAMA_HOST names', async () => {
    const probe = vi.fn(async () => ['phi3']);
    const { config } = await loadConfig({ environment: { OLLAMA_HOST: '0.0.0.0:9000' }, probe });
    expect(config.agents[0]?.legs[0]).toMatchObject({ provider: 'ollama', endpoint: 'http://127.0.0.1:9000' });
  });

  it.each([
    ['fails', () => Promise.reject(new Error('refused'))],
    ['finds nothing', async () => undefined],
    ['finds no models', async () => []],
  ])('go without Ollama when the probe %s', async (_, probe) => {
    const { config } = await loadConfig({ environment: {}, probe });
    expect(config.agents[0]?.legs.map(({ provider }) => provider)).toEqual(['local']);
  });

  it('do not ask for a local Ollama in production', async () => {
    const probe = vi.fn(async () => ['phi3']);
    await loadConfig({ environment: { NODE_ENV: 'production' }, probe });
    expect(probe).not.toHaveBeenCalled();
  });

  it('never apply on Cloud Run', async () => {
    const environment = { ...EVERY_KEY, K_SERVICE: 'chat' };
    await expect(loadConfig({ environment, directory: '/nonexistent' })).rejects.toMatchObject({
      code: 'configuration',
    });
  });
});
