import type { AgentConfig, RoutingRule, SluiceConfig } from '../config/types.ts';
import type { ChatRequest } from '../contracts/chat-provider.ts';
import { hasImages, measurePrompt } from './prompt-size.ts';

/** What rules look at. */
export interface RoutingFacts {
  /** Estimated; measured when the first rule asks. */
  readonly promptTokens: () => number;
  readonly hasTools: boolean;
  readonly hasImages: boolean;
  /** Lower case. Absent: nobody said where the request comes from, and no rule with a region holds. */
  readonly region?: string;
}

/**
 * The agent of the first rule whose conditions all hold; undefined when there is none.
 * @param mayRouteTo rules that lead to other agents are passed over.
 */
export function applyRoutingRules(
  rules: readonly RoutingRule[],
  facts: RoutingFacts,
  mayRouteTo: (agent: string) => boolean = () => true,
): string | undefined {
  return rules.find(({ when, agent }) => mayRouteTo(agent) && holds(when, facts))?.agent;
}

/**
 * The name to resolve instead of the requested one. Rules apply to requests that name an agent, whichever it is: who
 * names a model, `provider/model` or a model service means exactly that. The result is final, it is not routed again.
 *
 * The agent it gives may be another than the caller asked for, so a credential's limits must be checked against it too.
 * A request to an agent that keeps to local models never goes to one that does not, whatever the rules say.
 */
export function routeModel({
  config,
  model,
  facts,
}: {
  readonly config: Pick<SluiceConfig, 'agents' | 'routing'>;
  readonly model: string;
  readonly facts: () => RoutingFacts;
}): string {
  if (config.routing.rules.length === 0) return model;
  const find = (name: string): AgentConfig | undefined => config.agents.find((agent) => agent.name === name);
  const requested = find(model);
  if (!requested) return model;
  const mayRouteTo = (name: string): boolean => !requested.localOnly || find(name)?.localOnly === true;
  return applyRoutingRules(config.routing.rules, facts(), mayRouteTo) ?? model;
}

/** What rules look at in a request. @param header a header of the HTTP request, by its lower-case name. */
export function toRoutingFacts(request: ChatRequest, header: (name: string) => string | undefined): RoutingFacts {
  let promptTokens: number | undefined;
  const region = regionOf(header);
  return {
    promptTokens() {
      promptTokens ??= measurePrompt(request).tokens;
      return promptTokens;
    },
    hasTools: (request.tools?.length ?? 0) > 0 || (request.functions?.length ?? 0) > 0,
    hasImages: hasImages(request),
    ...(region === undefined ? {} : { region }),
  };
}

/**
 * Headers that say where a request comes from, the caller's own first. A load balancer of Google adds the others when
 * it is told to: `X-Client-Region:{client_region}`, or the form of its documentation,
 * `X-Client-Geo-Location:{client_region},{client_city}`
 * (https://cloud.google.com/load-balancing/docs/custom-headers).
 */
const REGION_HEADERS = ['x-sluice-region', 'x-client-region', 'x-client-geo-location'] as const;

/**
 * The region a request comes from, in lower case: what stands before the first comma of the first header that holds a
 * usable one. It is a preference and no proof: any caller can send it.
 */
export function regionOf(header: (name: string) => string | undefined): string | undefined {
  for (const name of REGION_HEADERS) {
    const region = header(name)?.split(',')[0]?.trim().toLowerCase();
    if (region !== undefined && /^[a-z0-9-]{1,64}$/.test(region)) return region;
  }
  return undefined;
}

function holds(when: RoutingRule['when'], facts: RoutingFacts): boolean {
  const { promptTokensOver: over, promptTokensUnder: under, tools, images, regions } = when;
  if (tools !== undefined && tools !== facts.hasTools) return false;
  if (images !== undefined && images !== facts.hasImages) return false;
  if (regions !== undefined && !regions.some((region) => isWithin(facts.region, region))) return false;
  // Last, because they are the only ones that cost something.
  if (over !== undefined && facts.promptTokens() <= over) return false;
  return under === undefined || facts.promptTokens() < under;
}

/** A rule's `europe` holds for `europe` and `europe-west1`, and not for `europe2`. */
function isWithin(region: string | undefined, area: string): boolean {
  const wanted = area.toLowerCase();
  return region === wanted || region?.startsWith(`${wanted}-`) === true;
}
