import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Environment } from '../../../shared/config/environment.ts';
import type { AgentConfig, SluiceConfig } from '../../../shared/config/types.ts';
import { agentOf, parse, problemsOf } from './parse.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/guide');

const KEYS: Environment = {
  OPENAI_API_KEY: 'sk-test',
  ANTHROPIC_API_KEY: 'sk-ant-test',
  XAI_API_KEY: 'xai-test',
  HUGGINGFACE_API_KEY: 'hf-test',
  GCP_PROJECT_ID: 'my-project',
};

function text(name: string): string {
  return readFileSync(join(FIXTURES, `${name}.yaml`), 'utf8');
}

function config(name: string): SluiceConfig {
  return parse(text(name), KEYS);
}

function agent(name: string): AgentConfig {
  return agentOf(text(name), KEYS);
}

describe('the blocks of the guide', () => {
  const names = readdirSync(FIXTURES).map((file) => file.replace('.yaml', ''));

  it('are all here', () => {
    expect(names).toHaveLength(22);
  });

  it.each(names)('load verbatim: %s', (name) => {
    expect(problemsOf(text(name), KEYS)).toEqual([]);
  });

  it('give the OpenAI agent with its key and parameters', () => {
    expect(agent('openai')).toMatchObject({
      name: 'analyzer',
      role: 'react',
      temperature: 0.7,
      maxTokens: 1000,
      strategy: 'cascade',
      retry: { maxAttempts: 3, initialBackoffMs: 1000, maxBackoffMs: 10_000, multiplier: 2 },
      legs: [
        {
          provider: 'openai',
          model: 'gpt-4-turbo',
          apiKeys: [{ value: 'sk-test' }],
          temperature: 0.7,
          maxTokens: 1000,
        },
      ],
    });
  });

  it.each([{}, { OPENAI_API_KEY: '' }])('say which variable is missing where, given %j', (environment) => {
    expect(problemsOf(text('openai'), environment)).toEqual([
      expect.stringMatching(/^agents\[0\]\.api_key: OPENAI_API_KEY /),
    ]);
  });

  it('keep a key with YAML in it as one text', () => {
    const key = 'a: b # "c"\n';
    expect(agentOf(text('openai'), { OPENAI_API_KEY: key }).legs[0]?.apiKeys).toEqual([{ value: key }]);
  });

  it('send the agent of the quick start to Ollama with the model of its service, and need no key', () => {
    const { agents, providers } = parse(text('ollama-quick-start'));
    expect(agents[0]?.legs).toEqual([
      {
        provider: 'ollama',
        model: 'phi3.5:3.8b-mini-instruct-q4_K_M',
        endpoint: 'http://localhost:11434',
        apiKeys: [],
        allowedCidrs: [],
        temperature: 0.7,
        maxTokens: 1000,
        timeoutMs: 300_000,
        weight: 1,
        service: 'phi-local',
      },
    ]);
    expect(Object.keys(providers)).toEqual(['ollama', 'local']);
  });

  it('read the options of a model service', () => {
    expect(config('ollama-options').modelServices).toMatchObject([
      { name: 'my-ollama-service', provider: 'ollama', model: 'llama3.1:8b', quantization: 'int4', timeoutMs: 300_000 },
    ]);
  });

  it('put the legs of the hybrid cascade in order', () => {
    const legs = agent('hybrid-inference').legs.map(({ provider, model }) => `${provider}/${model}`);
    expect(legs).toEqual(['ollama/phi-local', 'openai/gpt-4-turbo', 'anthropic/claude-3-haiku']);
  });

  it('give each leg of the fallback its own model and key', () => {
    expect(agent('fallback').legs).toMatchObject([
      { provider: 'openai', model: 'gpt-4-turbo', apiKeys: [{ value: 'sk-test' }] },
      { provider: 'anthropic', model: 'claude-3-sonnet', apiKeys: [{ value: 'sk-ant-test' }] },
      { provider: 'vertexai', model: 'gemini-1.5-flash', apiKeys: [], project: 'my-project', location: 'us-central1' },
    ]);
  });

  it('work without the key of the second leg, with a warning', () => {
    const { agents, warnings } = parse(text('fallback'), { ...KEYS, ANTHROPIC_API_KEY: undefined });
    expect(agents[0]?.legs.map(({ provider }) => provider)).toEqual(['openai', 'vertexai']);
    expect(agents[0]?.disabledLegs).toEqual([
      { provider: 'anthropic', model: 'claude-3-sonnet', reason: 'ANTHROPIC_API_KEY is not set' },
    ]);
    expect(warnings).toEqual([
      expect.stringContaining('agents[0].providers[1]: anthropic/claude-3-sonnet is disabled'),
    ]);
  });

  it('accept a bare list of agents', () => {
    expect(config('cost-optimization').agents.map(({ name }) => name)).toEqual([
      'simple-classifier',
      'complex-analyzer',
    ]);
    expect(config('region-routing').agents.map(({ legs }) => legs[0])).toMatchObject([
      { provider: 'vertexai', project: 'my-project', location: 'us-central1' },
      { provider: 'openai', endpoint: 'https://api.openai.com/v1', apiKeys: [{ value: 'sk-test' }] },
    ]);
  });

  it('name a missing variable inside a bare list', () => {
    const list = '- name: a\n  model: gpt-4\n  api_key: $' + '{NOPE}\n';
    expect(problemsOf(list)).toEqual([expect.stringContaining('agents[0].api_key: NOPE')]);
  });

  it('move the retired HuggingFace host to the router, with a warning', () => {
    const { agents, warnings } = config('huggingface');
    expect(agents[0]?.legs[0]?.endpoint).toBe('https://router.huggingface.co/v1');
    expect(warnings).toEqual([expect.stringContaining('router.huggingface.co')]);
  });

  it('send what is written to xAI and warn about the name', () => {
    const { agents, warnings } = config('xai');
    expect(agents[0]?.legs[0]).toMatchObject({
      provider: 'xai',
      model: 'gpt-4-turbo',
      apiKeys: [{ value: 'xai-test' }],
    });
    expect(warnings).toEqual([expect.stringContaining('xAI')]);
  });

  it('read durations and retry', () => {
    expect(agent('timeout').legs[0]?.timeoutMs).toBe(60_000);
    expect(agent('retry').retry).toEqual({
      maxAttempts: 3,
      initialBackoffMs: 1_000,
      maxBackoffMs: 10_000,
      multiplier: 2,
      retryOn: ['rate_limit', 'timeout', 'server_error'],
    });
  });

  it('read the embedding providers', () => {
    expect(config('embeddings-openai').embeddings).toMatchObject({ model: 'text-embedding-3-small', dimensions: 1536 });
    expect(config('embeddings-huggingface').embeddings).toMatchObject({
      dimensions: 384,
      waitForModel: true,
      useCache: true,
    });
    expect(config('embeddings-huggingface-tei').embeddings).toMatchObject({
      provider: 'huggingface_tei',
      endpoint: 'http://localhost:8080',
      dimensions: 1024,
      normalize: true,
    });
  });

  it('embed with HuggingFace without a key, which the guide calls optional', () => {
    const { embeddings, warnings } = parse(text('embeddings-huggingface'));
    expect(embeddings?.apiKeys).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('HUGGINGFACE_API_KEY')]);
  });

  it('read the vector stores', () => {
    expect(config('vectorstore-firestore').vectorstore).toEqual({
      provider: 'firestore',
      embeddingDimensions: 384,
      defaultTopK: 10,
      tenancy: false,
      project: 'my-project',
      collection: 'embeddings',
      beside: [],
      databaseId: '(default)',
      credentialsFile: '/path/to/key.json',
      distance: 'cosine',
    });
    expect(config('vectorstore-memory').vectorstore).toMatchObject({ provider: 'memory', maxDocuments: 10_000 });
    expect(config('vectorstore-qdrant').vectorstore).toMatchObject({
      url: 'http://localhost:6333',
      collection: 'knowledge_base',
    });
    expect(config('vectorstore-pgvector').vectorstore).toMatchObject({
      connectionString: { value: 'postgresql://user:pass@localhost/db' },
      table: 'embeddings',
    });
  });

  it('read cost tracking and token limits', () => {
    expect(config('cost-tracking').observability).toMatchObject({ costTracking: true, costAlertThresholdUsd: 100 });
    expect(config('token-usage').observability).toMatchObject({ trackTokens: true, dailyTokenLimit: 1_000_000 });
  });
});
