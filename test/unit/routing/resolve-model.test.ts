import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../shared/config/parse.ts';
import { AppError } from '../../../shared/contracts/app-error.ts';
import { resolveModel } from '../../../shared/routing/resolve-model.ts';

const { config } = parseConfig(
  `
agents:
  - name: analyst
    role: assistant
    prompt: Be brief.
    providers:
      - model: gpt-4-turbo
        provider: openai
        api_key: sk-test
      - model: claude-3-opus
        provider: anthropic
        api_key: sk-ant-test
model_services:
  - name: phi-local
    provider: huggingface
    model: phi3.5:3.8b-mini-instruct-q4_K_M
    runtime: ollama
    config:
      address: http://localhost:11434
`,
  { environment: {}, source: 'agents.yaml' },
);

const none = (): readonly string[] => [];
const legsOf = (name: string, providersOf: (model: string) => readonly string[] = none) =>
  resolveModel(config, name, providersOf).legs.map(({ provider, model }) => `${provider}/${model}`);

describe('the route of a model', () => {
  it('is an agent’s whole cascade, in its order', () => {
    const route = resolveModel(config, 'analyst', none);
    expect(route.agent?.prompt).toBe('Be brief.');
    expect(legsOf('analyst')).toEqual(['openai/gpt-4-turbo', 'anthropic/claude-3-opus']);
  });

  it('is a model service by its name', () => {
    const route = resolveModel(config, 'phi-local', none);
    expect(route.agent).toBeUndefined();
    expect(route.legs).toHaveLength(1);
    expect(route.legs[0]).toMatchObject({ provider: 'ollama', model: 'phi3.5:3.8b-mini-instruct-q4_K_M' });
  });

  it('is a configured provider’s model, split at the first slash', () => {
    expect(legsOf('openai/gpt-5')).toEqual(['openai/gpt-5']);
    expect(legsOf('openai/ft:gpt-4o/acme')).toEqual(['openai/ft:gpt-4o/acme']);
    const [leg] = resolveModel(config, 'anthropic/claude-x', none).legs;
    expect(leg).toMatchObject({ timeoutMs: 120_000, weight: 1 });
    expect(leg?.apiKeys).toHaveLength(1);
    expect(resolveModel(config, 'openai/gpt-5', none).agent).toBeUndefined();
  });

  it('is none to a vendor’s machines behind a local Ollama, where everything keeps to local models', () => {
    const { config: privately } = parseConfig(
      'privacy: {mode: local_only}\nagents: [{name: a, role: assistant, provider: ollama, model: qwen3}]',
      { environment: {}, source: 'agents.yaml' },
    );
    expect(resolveModel(privately, 'ollama/qwen3:8b', none).legs).toHaveLength(1);
    expect(() => resolveModel(privately, 'ollama/gpt-oss:120b-cloud', none)).toThrow(
      expect.objectContaining({ code: 'permission', param: 'model' }),
    );
  });

  it('is the configured leg for a model that an agent uses, without the agent', () => {
    const route = resolveModel(config, 'claude-3-opus', () => ['openai']);
    expect(route.agent).toBeUndefined();
    expect(route.legs.map(({ provider }) => provider)).toEqual(['anthropic']);
  });

  it('is the first configured provider whose catalogue knows the model', () => {
    expect(legsOf('grok-2', () => ['xai', 'anthropic', 'openai'])).toEqual(['anthropic/grok-2']);
  });

  it.each([
    'nothing',
    'xai/grok-2',
    'openai/',
    '/gpt-4o',
    'Qwen/Qwen3',
    '__proto__/x',
    'constructor/x',
    'toString',
    '',
    'Analyst',
    'analyst ',
  ])('is not found for %j', (name) => {
    let thrown: unknown;
    try {
      resolveModel(config, name, () => ['xai', '__proto__']);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(AppError);
    expect(thrown).toMatchObject({ code: 'model_not_found', param: 'model' });
    expect((thrown as AppError).message).toContain('analyst');
    expect((thrown as AppError).message).toContain('`provider/model`');
    expect((thrown as AppError).message).not.toMatch(/sk-|localhost/);
  });

  it('repeats no more of a name than is needed to recognise it', () => {
    expect(() => resolveModel(config, 'x'.repeat(256), none)).toThrowError(/^The model `x{100}…`/);
  });
});
