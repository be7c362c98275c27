import { startAppServer } from './app-server.ts';
import type { Recording } from './recordings.ts';

export interface ReplayGateway {
  readonly url: string;
  /** The agent whose one leg speaks the recording's API. */
  agentFor(recording: Pick<Recording, 'provider' | 'api'>): string;
  close(): Promise<void>;
}

/** One agent per provider. `path` is what its endpoint has after the origin: what the vendor's client calls its base URL. */
const LEGS: readonly { readonly provider: string; readonly model: string; readonly path: string }[] = [
  { provider: 'openai', model: 'gpt-4o', path: '/v1' },
  { provider: 'xai', model: 'grok-4', path: '/v1' },
  { provider: 'vllm', model: 'Qwen/Qwen3-8B', path: '/v1' },
  { provider: 'huggingface', model: 'meta-llama/Llama-3.3-70B-Instruct', path: '/v1' },
  { provider: 'ollama', model: 'llama3.1:8b', path: '' },
  { provider: 'anthropic', model: 'claude-sonnet-4-5', path: '' },
  { provider: 'gemini', model: 'gemini-2.5-flash', path: '' },
  { provider: 'vertexai', model: 'gemini-2.5-flash', path: '' },
];

/** The gateway under the functions framework, every leg of it pointing at one address. Nothing is retried. */
export async function startReplayGateway(upstream: string): Promise<ReplayGateway> {
  const agents = LEGS.map(({ provider, model, path }) => ({
    name: `replay-${provider}`,
    provider,
    model,
    endpoint: `${upstream}${path}`,
    retry: { max_attempts: 1 },
    ...(provider === 'vertexai' ? { project_id: 'replay' } : { api_key: 'replay-key' }),
  }));
  // JSON is YAML.
  const server = await startAppServer({ yaml: JSON.stringify({ agents }), accessToken: async () => 'replay-token' });
  return { url: server.url, agentFor: (recording) => `replay-${providerOf(recording)}`, close: server.close };
}

/** Whatever speaks OpenAI's Chat Completions and is no provider of its own is read by the adapter for OpenAI. */
function providerOf({ provider, api }: Pick<Recording, 'provider' | 'api'>): string {
  if (api !== 'chat.completions') return provider === 'vertex' ? 'vertexai' : provider;
  return ['xai', 'vllm', 'huggingface'].includes(provider) ? provider : 'openai';
}
