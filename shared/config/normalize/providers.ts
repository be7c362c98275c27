import { keyFromEnvironment } from '../credentials.ts';
import { PROVIDER_NAMES, type ProviderName } from '../names.ts';
import { defined } from '../objects.ts';
import { createProblems } from '../problems.ts';
import type { AgentConfig, ProviderAccess } from '../types.ts';
import { type NormalizeContext, toAllowedCidrs, toOllamaEndpoint } from './context.ts';
import { isLocalTarget } from './target.ts';

/**
 * How each provider is reached when a caller names it: as the first leg that uses it, else by the environment alone.
 * Providers that cannot be reached are left out, and so are vendors where privacy forbids them.
 */
export function normalizeProviders(
  { agents, localOnly }: { agents: readonly AgentConfig[]; localOnly: boolean },
  context: NormalizeContext,
): Readonly<Partial<Record<ProviderName, ProviderAccess>>> {
  const legs = agents.flatMap((agent) => agent.legs);
  const result: Partial<Record<ProviderName, ProviderAccess>> = {};
  for (const provider of PROVIDER_NAMES) {
    const leg = legs.find((candidate) => candidate.provider === provider);
    const access = leg === undefined ? fromEnvironment(provider, context) : toAccess(leg);
    if (access !== undefined && !(localOnly && !isLocalTarget(access))) result[provider] = access;
  }
  return result;
}

function toAccess({
  provider,
  apiKeys,
  endpoint,
  project,
  location,
  allowedCidrs,
  auth,
}: ProviderAccess): ProviderAccess {
  return defined({ provider, apiKeys, endpoint, project, location, allowedCidrs, auth });
}

function fromEnvironment(provider: ProviderName, context: NormalizeContext): ProviderAccess | undefined {
  const { environment, project, cloudRun } = context;
  if (provider === 'local') return cloudRun ? undefined : { provider, apiKeys: [], allowedCidrs: [] };
  if (provider === 'ollama') {
    // Nobody asked for Ollama, so an address that cannot be used is no reason to complain.
    const endpoint = toOllamaEndpoint(undefined, '', { ...context, problems: createProblems() });
    if (endpoint === undefined) return undefined;
    return { provider, apiKeys: [], endpoint, allowedCidrs: toAllowedCidrs(undefined, endpoint, context) };
  }
  if (provider === 'vertexai') {
    if (project === undefined) return undefined;
    return { provider, apiKeys: [], project, location: 'us-central1', allowedCidrs: [] };
  }
  // Nothing says where a vLLM server would be.
  if (provider === 'vllm') return undefined;
  const found = keyFromEnvironment(provider, environment);
  return found === undefined ? undefined : { provider, apiKeys: [found.key], allowedCidrs: [] };
}
