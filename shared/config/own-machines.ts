import { classifyAddress } from '../security/address.ts';
import { ipVersion } from './cidr.ts';
import { isClusterName, isLoopback, isSingleLabel } from './endpoint.ts';
import type { ProviderName } from './names.ts';

export interface Target {
  /** Base URL; undefined for the provider's own default, which is the vendor or this machine. */
  readonly endpoint?: string | undefined;
  /** Private networks that the configuration opens for it. */
  readonly allowedCidrs?: readonly string[] | undefined;
}

/**
 * Whether an address is known to be one's own: this machine, a container or cluster network, Cloud Run, a private
 * address, or a name whose private network is written beside it. A model server at any other public name may be
 * somebody else's, and privacy cannot rest on a guess.
 */
export function isOwnEndpoint({ endpoint, allowedCidrs = [] }: Target): boolean {
  if (endpoint === undefined) return false;
  const { hostname } = new URL(endpoint);
  if (isLoopback(hostname) || isSingleLabel(hostname) || isClusterName(hostname)) return true;
  if (hostname.endsWith('.run.app') || allowedCidrs.length > 0) return true;
  const address = hostname.replace(/^\[|\]$/g, '');
  return ipVersion(address) !== 0 && classifyAddress(address) === 'private';
}

/**
 * Whether a server there stands in a network of one's own, so that what it fetches for itself it fetches from inside.
 * This machine does not count: who develops on it reaches the same by other means.
 */
export function isInOwnNetwork(target: Target): boolean {
  return isOwnEndpoint(target) && !isLoopback(new URL(target.endpoint as string).hostname);
}

/** Models that an Ollama passes on to its vendor's machines (`gpt-oss:120b-cloud`, `glm-4.6:cloud`). */
export function isHostedModel(provider: ProviderName, model: string): boolean {
  return provider === 'ollama' && /[:-]cloud$/i.test(model);
}
