import { nearest } from '../nearest.ts';
import { defined } from '../objects.ts';
import type { AgentInput, LegInput } from '../schema/agents.ts';
import type { AgentConfig, DisabledLeg, LegConfig } from '../types.ts';
import type { NormalizeContext } from './context.ts';
import { normalizeLeg } from './leg.ts';
import type { ModelServices } from './model-services.ts';
import { normalizeRetry } from './retry.ts';

export interface AgentsScope {
  readonly services: ModelServices;
  /** Names of the configured tools; undefined when they could not be read. */
  readonly tools: readonly string[] | undefined;
  readonly localOnly: boolean;
}

export function normalizeAgents(
  agents: readonly AgentInput[],
  scope: AgentsScope,
  context: NormalizeContext,
): readonly AgentConfig[] {
  const names = new Set<string>();
  const result: AgentConfig[] = [];
  for (const [index, agent] of agents.entries()) {
    const path = `agents[${index}]`;
    if (names.has(agent.name)) context.problems.add(`${path}.name`, `${agent.name} is used twice; names must differ`);
    names.add(agent.name);
    checkTools({ agent, path, known: scope.tools, context });
    const legs = toLegs(agent, path, context);
    if (legs !== undefined) result.push(normalizeAgent({ agent, path, legs, scope, context }));
  }
  return result;
}

function normalizeAgent({
  agent,
  path,
  legs,
  scope,
  context,
}: {
  agent: AgentInput;
  path: string;
  legs: readonly { readonly leg: LegInput; readonly path: string }[];
  scope: AgentsScope;
  context: NormalizeContext;
}): AgentConfig {
  const localOnly = scope.localOnly || agent.privacy === 'local_only';
  const usable: LegConfig[] = [];
  const disabledLegs: DisabledLeg[] = [];
  let invalid = false;
  for (const { leg, path: legPath } of legs) {
    const result = normalizeLeg(
      {
        leg,
        path: legPath,
        services: scope.services,
        shared: { temperature: agent.temperature, maxTokens: agent.max_tokens, timeoutMs: agent.timeout },
        sharedPath: path,
        optional: legs.length > 1,
        localOnly,
      },
      context,
    );
    if (result.kind === 'usable') usable.push(result.leg);
    else if (result.kind === 'invalid') invalid = true;
    else {
      const { provider, model, reason } = result;
      disabledLegs.push({ provider, model, reason });
      context.problems.warn(legPath, `${provider}/${model} is disabled: ${reason}`);
    }
  }
  if (usable.length === 0 && !invalid) {
    const reasons = disabledLegs.map(({ provider, model, reason }) => `${provider}/${model}: ${reason}`).join('; ');
    context.problems.add(legs.length > 1 ? `${path}.providers` : path, `no provider can be used (${reasons})`);
  }
  return defined({
    name: agent.name,
    role: agent.role ?? 'assistant',
    prompt: agent.prompt,
    temperature: agent.temperature,
    maxTokens: agent.max_tokens,
    timeoutMs: agent.timeout,
    retry: normalizeRetry(agent.retry, `${path}.retry`, context),
    strategy: agent.fallback_strategy ?? 'cascade',
    legs: usable,
    disabledLegs,
    localOnly,
    maxIterations: agent.max_iterations ?? 5,
    tools: agent.tools ?? [],
  });
}

/** What says where one model is and how it is loaded, which several cannot share. */
const LEG_KEYS = [
  'provider',
  'runtime',
  'api_key',
  'endpoint',
  'auth',
  'allowed_cidrs',
  'keep_alive',
  'num_ctx',
] as const;

/** The legs of an agent: its `providers`, or the one its own keys describe. */
function toLegs(
  agent: AgentInput,
  path: string,
  { problems }: NormalizeContext,
): { readonly leg: LegInput; readonly path: string }[] | undefined {
  const { model, providers } = agent;
  if (providers === undefined) {
    if (model === undefined) {
      problems.add(`${path}.model`, 'is required: name a model or a model service, or list several under providers');
      return undefined;
    }
    const { provider, runtime, api_key, endpoint, auth, allowed_cidrs, project_id, location, keep_alive, num_ctx } =
      agent;
    const target = { provider, runtime, api_key, endpoint, auth, allowed_cidrs, project_id, location };
    const leg = { model, ...target, keep_alive, num_ctx };
    return [{ leg, path }];
  }
  if (model !== undefined) {
    problems.add(`${path}.model`, 'cannot stand beside providers; keep one of them');
    return undefined;
  }
  for (const key of LEG_KEYS) {
    if (agent[key] !== undefined) problems.add(`${path}.${key}`, 'belongs to the entries of providers');
  }
  return providers.map((leg, index) => ({
    leg: { ...leg, project_id: leg.project_id ?? agent.project_id, location: leg.location ?? agent.location },
    path: `${path}.providers[${index}]`,
  }));
}

function checkTools({
  agent,
  path,
  known,
  context: { problems },
}: {
  agent: AgentInput;
  path: string;
  known: readonly string[] | undefined;
  context: NormalizeContext;
}): void {
  if (agent.tools === undefined) return;
  if (agent.role !== 'react') problems.add(`${path}.tools`, 'needs role: react');
  for (const [index, tool] of agent.tools.entries()) {
    if (known === undefined || known.includes(tool)) continue;
    const suggestion = nearest(tool, known);
    const hint = suggestion === undefined ? '' : ` Did you mean ${suggestion}?`;
    problems.add(`${path}.tools[${index}]`, `${tool} is not a tool.${hint} Tools: ${known.join(', ') || 'none'}`);
  }
}
