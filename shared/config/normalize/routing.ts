import { nearest } from '../nearest.ts';
import { defined } from '../objects.ts';
import type { RoutingInput } from '../schema/routing.ts';
import type { RoutingRule } from '../types.ts';
import type { NormalizeContext } from './context.ts';

/** @param agents names of the agents; undefined when they could not be read. */
export function normalizeRouting(
  input: RoutingInput | undefined,
  agents: readonly string[] | undefined,
  { problems }: NormalizeContext,
): { readonly rules: readonly RoutingRule[] } {
  const rules: RoutingRule[] = [];
  for (const [index, { when, agent }] of (input?.rules ?? []).entries()) {
    const path = `routing.rules[${index}]`;
    const conditions = defined({
      promptTokensOver: when.prompt_tokens_over,
      promptTokensUnder: when.prompt_tokens_under,
      tools: when.tools,
      images: when.images,
      regions: when.region?.map((region) => region.toLowerCase()),
    });
    if (Object.keys(conditions).length === 0) problems.add(`${path}.when`, 'needs at least one condition');
    const { promptTokensOver: over, promptTokensUnder: under } = conditions;
    if (over !== undefined && under !== undefined && under <= over + 1) {
      problems.add(`${path}.when`, 'can never hold: no prompt is over and under these sizes at once');
    }
    if (agents !== undefined && !agents.includes(agent)) {
      const suggestion = nearest(agent, agents);
      const hint = suggestion === undefined ? '' : ` Did you mean ${suggestion}?`;
      problems.add(`${path}.agent`, `${agent} is not an agent.${hint} Agents: ${agents.join(', ') || 'none'}`);
    }
    rules.push({ when: conditions, agent });
  }
  return { rules };
}
