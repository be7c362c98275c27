import { join } from 'node:path';
import { placeConfiguration } from '../place-configuration.ts';

export const BENCH_KEY = 'bench-key-0123456789abcdef0123456789abcdef';

export interface BenchConfigOptions {
  readonly upstream: string;
  /** Agents in all, beside the two of other vendors. Default 1. */
  readonly agents?: number;
  /** For each number an agent `legs-NUMBER` with so many legs, each at an address of its own. */
  readonly legs?: readonly number[];
}

/**
 * A configuration with everything on that a team would have on: keys of its own, a cascade of two legs for each agent, a
 * daily budget and its ledger, prices, and the log. It is placed as a build places the one it ships.
 * @returns what a function is started with.
 */
export async function writeBenchConfig(
  directory: string,
  { upstream, agents = 1, legs = [] }: BenchConfigOptions,
): Promise<Readonly<Record<'SLUICE_CONFIG' | 'METADATA_SERVER_DETECTION' | 'SLUICE_SECRETS', string>>> {
  const file = join(directory, 'bench-agents.yaml');
  const more = Array.from({ length: agents - 1 }, (_, index) => agent(`agent-${index}`, openai(upstream)));
  const text = [
    'agents:',
    agent('bench', openai(upstream)),
    agent('bench-anthropic', anthropic(upstream)),
    agent('bench-gemini', gemini(upstream)),
    ...more,
    ...legs.map((count) => agent(`legs-${count}`, cascade(upstream, count))),
    'auth:',
    '  mode: api_key',
    '  keys:',
    `    - { name: bench, key: "${BENCH_KEY}" }`,
    'limits: { daily_usd: 100000, request_timeout: 60s }',
    'observability: { cost_tracking: true, cost_alert_threshold: 90000 }',
    '',
  ].join('\n');
  await placeConfiguration(text, file);
  return { SLUICE_CONFIG: file, METADATA_SERVER_DETECTION: 'none', SLUICE_SECRETS: 'environment' };
}

function agent(name: string, legs: readonly string[]): string {
  return [
    `  - name: ${name}`,
    '    role: assistant',
    '    temperature: 0.3',
    '    fallback_strategy: cascade',
    '    timeout: 30s',
    '    retry: { max_attempts: 3, initial_backoff: 1s, max_backoff: 10s, multiplier: 2 }',
    '    providers:',
    ...legs.map((leg) => `      - ${leg}`),
  ].join('\n');
}

const openai = (upstream: string): string[] => [
  `{ provider: openai, model: gpt-4o-mini, api_key: upstream-key, endpoint: "${upstream}/v1" }`,
  `{ provider: openai, model: gpt-4.1, api_key: upstream-key, endpoint: "${upstream}/second/v1" }`,
];

const cascade = (upstream: string, count: number): string[] =>
  Array.from({ length: count }, (_, leg) => openai(`${upstream}/leg-${leg}`)[0] as string);

const anthropic = (upstream: string): string[] => [
  `{ provider: anthropic, model: claude-haiku-4-5, api_key: upstream-key, endpoint: "${upstream}" }`,
  ...openai(upstream).slice(0, 1),
];

const gemini = (upstream: string): string[] => [
  `{ provider: gemini, model: gemini-2.5-flash, api_key: upstream-key, endpoint: "${upstream}" }`,
  ...openai(upstream).slice(0, 1),
];
