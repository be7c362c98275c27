import { expect } from 'vitest';
import type { Environment } from '../../../shared/config/environment.ts';
import { parseConfig } from '../../../shared/config/parse.ts';
import type { AgentConfig, SluiceConfig } from '../../../shared/config/types.ts';
import { AppError } from '../../../shared/contracts/app-error.ts';

export function parse(text: string, environment: Environment = {}): SluiceConfig {
  return parseConfig(text, { environment, source: 'agents.yaml', nowMs: Date.UTC(2027, 0, 15) }).config;
}

/** The first agent of a text. */
export function agentOf(text: string, environment: Environment = {}): AgentConfig {
  const [agent] = parse(text, environment).agents;
  if (agent === undefined) throw new Error('there is no agent');
  return agent;
}

/** The problems of a text, one line each; none when it loads. */
export function problemsOf(text: string, environment: Environment = {}): string[] {
  try {
    parse(text, environment);
    return [];
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'configuration') throw error;
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
}

export const CLOUD_RUN: Environment = { K_SERVICE: 'chat', GOOGLE_CLOUD_PROJECT: 'demo' };

/** Expects exactly one problem, at this path, with this in its text. */
export function expectProblem(text: string, path: string, message: string, environment: Environment = {}): void {
  const problems = problemsOf(text, environment);
  expect(problems).toHaveLength(1);
  expect(problems[0]?.slice(0, path.length + 2)).toBe(`${path}: `);
  expect(problems[0]).toContain(message);
}
