import type { ProviderName, Runtime, TargetAuth } from '../names.ts';
import { defined } from '../objects.ts';
import { isHostedModel, isOwnEndpoint } from '../own-machines.ts';
import type { ProviderAccess } from '../types.ts';
import { type NormalizeContext, toAllowedCidrs, toEndpoint, toOllamaEndpoint } from './context.ts';

/** Where a target is, without its keys. */
export type Location = Omit<ProviderAccess, 'apiKeys'>;

export interface LocationInput {
  readonly provider: ProviderName;
  readonly endpoint?: string | undefined;
  readonly allowedCidrs?: readonly string[] | undefined;
  readonly projectId?: string | undefined;
  readonly location?: string | undefined;
  readonly auth?: TargetAuth | undefined;
  /** Paths for messages. */
  readonly path: string;
  readonly endpointPath: string;
}

const RETIRED_HUGGINGFACE = 'api-inference.huggingface.co';
const HUGGINGFACE_ROUTER = 'https://router.huggingface.co/v1';
const DEFAULT_LOCATION = 'us-central1';

/** Hosts that are the vendor's own: only there is a key always needed. */
const VENDOR_HOSTS: Readonly<Partial<Record<ProviderName, RegExp>>> = {
  openai: /(?:^|\.)openai\.com$/,
  anthropic: /(?:^|\.)anthropic\.com$/,
  gemini: /(?:^|\.)googleapis\.com$/,
  xai: /(?:^|\.)x\.ai$/,
  huggingface: /^router\.huggingface\.co$/,
};

/** The provider that serves a model named with a runtime: `huggingface` covers three. */
export function applyRuntime(
  provider: ProviderName | undefined,
  runtime: Runtime | undefined,
): ProviderName | { readonly fault: string } | undefined {
  if (runtime === undefined) return provider;
  const served = runtime === 'cloud' ? 'huggingface' : runtime;
  if (provider === undefined || provider === 'huggingface' || provider === served) return served;
  return { fault: `goes with provider: huggingface, not with ${provider}; remove it` };
}

/** The location of a provider, with its defaults; undefined when a problem was recorded. */
export function normalizeLocation(input: LocationInput, context: NormalizeContext): Location | undefined {
  const endpoint = resolveEndpoint(input, context);
  if (endpoint === false) return undefined;
  const { provider, auth } = input;
  if (auth === 'id_token' && endpoint === undefined) {
    context.problems.add(`${input.path}.auth`, 'id_token needs an endpoint: the token is made for its origin');
    return undefined;
  }
  const project = input.projectId ?? context.project;
  if (provider === 'vertexai' && project === undefined) {
    context.problems.add(
      `${input.path}.project_id`,
      'is required for vertexai: write the project, or set GOOGLE_CLOUD_PROJECT or GCP_PROJECT_ID',
    );
    return undefined;
  }
  return defined({
    provider,
    endpoint,
    allowedCidrs: toAllowedCidrs(input.allowedCidrs, endpoint, context),
    project: provider === 'vertexai' ? project : input.projectId,
    location: input.location ?? (provider === 'vertexai' ? DEFAULT_LOCATION : undefined),
    auth,
  });
}

/** Whether requests stay on machines of one's own. */
export function isLocalTarget(location: Location): boolean {
  return location.provider === 'local' || isOwnEndpoint(location);
}

/** Why privacy `local_only` leaves a leg out; undefined when it may stay. */
export function localOnlyFault(location: Location, model: string): string | undefined {
  const { provider } = location;
  if (isHostedModel(provider, model)) {
    return `privacy is local_only, and ${model} runs on the vendor's machines`;
  }
  if (isLocalTarget(location)) return undefined;
  if (provider !== 'ollama' && provider !== 'vllm') return 'privacy is local_only and this provider is not local';
  return (
    "privacy is local_only, and the endpoint may be somebody else's; " +
    'when it is your own, write its private network under allowed_cidrs'
  );
}

/** Whether the target is a server other than the vendor's, which may well need no key. */
export function isCustomTarget({ provider, endpoint }: Location): boolean {
  return endpoint !== undefined && VENDOR_HOSTS[provider]?.test(new URL(endpoint).hostname) !== true;
}

function resolveEndpoint(input: LocationInput, context: NormalizeContext): string | undefined | false {
  const { provider, endpoint: written, endpointPath } = input;
  const { problems, production } = context;
  if (provider === 'ollama') return toOllamaEndpoint(written, endpointPath, context) ?? false;
  if (provider === 'local') return undefined;
  if (written === undefined) {
    if (provider !== 'vllm') return undefined;
    if (!production) return 'http://localhost:8000/v1';
    problems.add(endpointPath, 'is required in production: give the https address of the vLLM server, with /v1');
    return false;
  }
  const endpoint = toEndpoint(written, endpointPath, context);
  if (endpoint === undefined) return false;
  if (provider === 'huggingface' && new URL(endpoint).hostname === RETIRED_HUGGINGFACE) {
    problems.warn(endpointPath, `${RETIRED_HUGGINGFACE} is retired; ${HUGGINGFACE_ROUTER} is used instead`);
    return HUGGINGFACE_ROUTER;
  }
  if (provider === 'anthropic' && endpoint.endsWith('/v1')) {
    problems.add(endpointPath, 'must be the base URL without /v1, which is added to it');
    return false;
  }
  return endpoint;
}
