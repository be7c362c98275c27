import { existsSync, readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import type { Body } from '../integration/clients/wires/wire.ts';

/** The guide lies beside the checkout and is no part of it: whoever reads it does without as well. */
const FILE = new URL('../../../shared/reference/provider-integration-guide.md', import.meta.url);

const guide = existsSync(FILE) ? readFileSync(FILE, 'utf8') : undefined;

export const isGuideThere = guide !== undefined;

/** The first YAML block of the guide after these words, as it stands there; empty without the guide. */
export function readGuideBlock(words: string): string {
  if (guide === undefined) return '';
  const block = /```yaml\n([\s\S]*?)```/.exec(guide.slice(guide.indexOf(words)))?.[1];
  if (block === undefined || !guide.includes(words)) throw new Error(`The guide has no YAML after "${words}".`);
  return block;
}

interface Tree {
  readonly agents?: readonly Body[];
  readonly [block: string]: unknown;
}

/** Blocks as one file: lists of agents one after the other, of anything else the first. */
export function joinBlocks(...blocks: readonly string[]): string {
  const trees = blocks.map(readTree);
  const agents = trees.flatMap((tree) => tree.agents ?? []);
  return stringify({ ...Object.assign({}, ...trees.toReversed()), ...(agents.length === 0 ? {} : { agents }) });
}

/** A block without some of its keys. */
export function withoutKeys(block: string, ...keys: readonly string[]): string {
  return stringify(Object.fromEntries(Object.entries(readTree(block)).filter(([key]) => !keys.includes(key))));
}

/** The same configuration with each provider at an address of its own, and nothing else changed. */
export function withEndpoints(yaml: string, endpoints: Readonly<Record<string, string>>): string {
  const tree = readTree(yaml);
  const place = (leg: Body): Body => {
    const provider = leg.runtime ?? leg.provider;
    const endpoint = typeof provider === 'string' ? endpoints[provider] : undefined;
    return endpoint === undefined ? leg : { ...leg, endpoint };
  };
  const placeAgent = (agent: Body): Body =>
    Array.isArray(agent.providers) ? { ...agent, providers: agent.providers.map(place) } : place(agent);
  const placeService = (service: Body): Body => ({
    ...service,
    config: { ...(service.config as Body | undefined), address: endpoints.ollama },
  });
  return stringify({
    ...tree,
    ...(tree.agents ? { agents: tree.agents.map(placeAgent) } : {}),
    ...(Array.isArray(tree.model_services) ? { model_services: tree.model_services.map(placeService) } : {}),
  });
}

/** Names of the agents, in their order. */
export function agentsOf(yaml: string): readonly string[] {
  return (readTree(yaml).agents ?? []).map(({ name }) => String(name));
}

/** A bare list is a list of agents. */
function readTree(yaml: string): Tree {
  const tree = parse(yaml) as Tree | readonly Body[];
  return Array.isArray(tree) ? { agents: tree } : (tree as Tree);
}
