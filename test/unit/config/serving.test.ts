import { describe, expect, it } from 'vitest';
import { resolveModel } from '../../../shared/routing/resolve-model.ts';
import { agentOf, expectProblem, parse } from './parse.ts';

const SERVICE = `
model_services:
  - name: phi-local
    provider: huggingface
    runtime: ollama
    model: phi3.5
    config: {address: "http://localhost:11434", keep_alive: 30m, num_ctx: 8192, timeout: 10m}
`;
const agent = (lines: string): string => `${SERVICE}agents:\n  - {name: a, ${lines}}\n`;

describe('how Ollama loads a model', () => {
  it('is written at the model service and holds for whoever uses it', () => {
    const expected = { keepAlive: '30m', contextLength: 8192, timeoutMs: 600_000 };
    expect(agentOf(agent('model: phi-local')).legs[0]).toMatchObject(expected);
    expect(resolveModel(parse(SERVICE), 'phi-local', () => []).legs[0]).toMatchObject(expected);
  });

  it('is overruled by the leg, and by the agent with one model', () => {
    const expected = { keepAlive: -1, contextLength: 4096 };
    expect(agentOf(agent('model: phi-local, keep_alive: -1, num_ctx: 4096')).legs[0]).toMatchObject(expected);
    const legs = 'providers: [{model: phi-local, keep_alive: "-1", num_ctx: "4096"}, {model: phi-local}]';
    expect(agentOf(agent(legs)).legs).toMatchObject([expected, { keepAlive: '30m', contextLength: 8192 }]);
  });

  it.each(['5m', '1h30m', '0', '-1', '3600', '500ms'])('takes keep_alive %s', (value) => {
    const expected = /^-?\d+$/.test(value) ? Number(value) : value;
    expect(agentOf(agent(`provider: ollama, model: m, keep_alive: ${value}`)).legs[0]?.keepAlive).toBe(expected);
  });

  it.each([
    ['keep_alive: 5 minutes', 'keep_alive', 'must be a duration such as 30m'],
    ['keep_alive: -2', 'keep_alive', 'must be a duration such as 30m'],
    ['keep_alive: 1.5', 'keep_alive', 'must be a duration such as 30m'],
    ['num_ctx: 12', 'num_ctx', 'from 256'],
    ['num_ctx: many', 'num_ctx', 'from 256'],
  ])('refuses %s', (line, key, rule) => {
    expectProblem(agent(`provider: ollama, model: m, ${line}`), `agents[0].${key}`, rule);
  });

  it('is nothing that other providers know', () => {
    const openai = 'provider: openai, model: gpt-4o, api_key: k';
    expectProblem(
      agent(`${openai}, keep_alive: 5m`),
      'agents[0].keep_alive',
      'goes with ollama alone, not with openai',
    );
    expectProblem(agent(`${openai}, num_ctx: 4096`), 'agents[0].num_ctx', 'goes with ollama alone, not with openai');
    expectProblem(
      'model_services: [{name: s, provider: openai, model: gpt-4o, api_key: k, config: {num_ctx: 4096}}]\n',
      'model_services[0].config.num_ctx',
      'goes with ollama alone',
    );
  });

  it('belongs to the legs of an agent that has several', () => {
    const legs = 'providers: [{model: phi-local}]';
    expectProblem(agent(`${legs}, num_ctx: 4096`), 'agents[0].num_ctx', 'belongs to the entries of providers');
    expectProblem(agent(`${legs}, keep_alive: 5m`), 'agents[0].keep_alive', 'belongs to the entries of providers');
  });
});

describe('the longest attempt', () => {
  it('lets a server of one’s own load a model, however it is asked for', () => {
    const config = parse(agent('model: phi-local, timeout: 7m'));
    const timeoutOf = (model: string) => resolveModel(config, model, () => []).legs[0]?.timeoutMs;
    expect(timeoutOf('a')).toBe(420_000);
    expect(timeoutOf('ollama/llama3.1:8b')).toBe(300_000);
    expect(agentOf('agents: [{name: a, provider: ollama, model: m}]').legs[0]?.timeoutMs).toBe(300_000);
    expect(agentOf('agents: [{name: a, provider: openai, model: m, api_key: k}]').legs[0]?.timeoutMs).toBe(120_000);
  });
});
