import { defaultKeys } from '../credentials.ts';
import { inferProvider, LOCAL_MODEL } from '../infer-provider.ts';
import { PROVIDER_NAMES, type ProviderName, SELF_HOSTED } from '../names.ts';
import { nearest } from '../nearest.ts';
import { defined } from '../objects.ts';
import type { LegInput } from '../schema/agents.ts';
import { type SecretValue, toSecretValue } from '../secret-value.ts';
import type { LegConfig, ModelServiceConfig } from '../types.ts';
import { checkTargetAuth, type NormalizeContext } from './context.ts';
import { checkModel } from './model.ts';
import type { ModelServices } from './model-services.ts';
import { normalizeServing } from './serving.ts';
import { applyRuntime, isCustomTarget, localOnlyFault, normalizeLocation } from './target.ts';

const DEFAULT_TIMEOUT_MS = 120_000;
const SELF_HOSTED_TIMEOUT_MS = 300_000;

/** Longest attempt where nothing is written: hosted models, and machines of one's own that may have to load one first. */
export function defaultTimeoutMs(provider: ProviderName): number {
  return SELF_HOSTED.has(provider) ? SELF_HOSTED_TIMEOUT_MS : DEFAULT_TIMEOUT_MS;
}

export interface LegScope {
  readonly leg: LegInput;
  readonly path: string;
  readonly services: ModelServices;
  /** What the agent says for all its legs. */
  readonly shared: {
    readonly temperature?: number | undefined;
    readonly maxTokens?: number | undefined;
    readonly timeoutMs?: number | undefined;
  };
  readonly sharedPath: string;
  /** The leg is one of several: without a key it is left out instead of failing the start. */
  readonly optional: boolean;
  readonly localOnly: boolean;
}

export type LegResult =
  | { readonly kind: 'usable'; readonly leg: LegConfig }
  | { readonly kind: 'disabled'; readonly provider: ProviderName; readonly model: string; readonly reason: string }
  /** A problem has been recorded. */
  | { readonly kind: 'invalid' };

const INVALID: LegResult = { kind: 'invalid' };

export function normalizeLeg(scope: LegScope, context: NormalizeContext): LegResult {
  const { leg, path } = scope;
  const identity = resolveModel(scope, context);
  if (identity === undefined) return INVALID;
  const { provider, model, service } = identity;
  checkModel({ provider, model, path: `${path}.model`, problems: context.problems });
  checkTemperature({ scope, provider, context });

  const location =
    service !== undefined && leg.endpoint === undefined
      ? service
      : normalizeLocation(
          {
            provider,
            endpoint: leg.endpoint,
            allowedCidrs: leg.allowed_cidrs,
            projectId: leg.project_id,
            location: leg.location,
            auth: leg.auth,
            path,
            endpointPath: `${path}.endpoint`,
          },
          context,
        );
  if (location === undefined) return INVALID;
  const fault = scope.localOnly
    ? localOnlyFault({ ...location, ...defined({ allowedCidrs: leg.allowed_cidrs }) }, model)
    : undefined;
  if (fault !== undefined) return { kind: 'disabled', provider, model, reason: fault };

  const auth = leg.auth ?? location.auth;
  if (!checkTargetAuth({ auth, api_key: leg.api_key }, `${path}.auth`, context)) return INVALID;
  const keys =
    auth === 'id_token'
      ? { keys: [] }
      : resolveKeys({ scope, provider, service, custom: isCustomTarget(location), context });
  if ('missing' in keys) {
    const reason = `${keys.missing} is not set`;
    if (scope.optional) return { kind: 'disabled', provider, model, reason };
    context.problems.add(`${path}.api_key`, `${reason}; set it, or write the key as secret://NAME`);
    return INVALID;
  }
  const serving = normalizeServing({ written: leg, provider, path }, context);
  return {
    kind: 'usable',
    leg: defined({
      provider,
      model,
      apiKeys: keys.keys,
      endpoint: location.endpoint,
      project: location.project,
      location: location.location,
      auth,
      allowedCidrs: leg.allowed_cidrs ?? location.allowedCidrs,
      temperature: leg.temperature ?? scope.shared.temperature,
      maxTokens: leg.max_tokens ?? scope.shared.maxTokens,
      timeoutMs: leg.timeout ?? scope.shared.timeoutMs ?? service?.timeoutMs ?? defaultTimeoutMs(provider),
      keepAlive: serving.keepAlive ?? service?.keepAlive,
      contextLength: serving.contextLength ?? service?.contextLength,
      weight: leg.weight ?? 1,
      service: service?.name,
    }),
  };
}

/** Provider and model of a leg, through the model service of that name when there is one. */
function resolveModel({ leg, path, services }: LegScope, { environment, problems, missingAt }: NormalizeContext) {
  // The real cause is the missing variable, which is reported at this path already.
  if (missingAt(`${path}.model`) !== undefined) return undefined;
  const written = applyRuntime(leg.provider, leg.runtime);
  if (typeof written === 'object') {
    problems.add(`${path}.runtime`, written.fault);
    return undefined;
  }
  if (services.broken.has(leg.model)) return undefined;
  const service = services.byName.get(leg.model);
  if (service !== undefined && (written === undefined || written === service.provider)) {
    return { provider: service.provider, model: service.model, service };
  }
  if (written !== undefined) {
    const model = written === 'local' && leg.model === 'local' ? LOCAL_MODEL : leg.model;
    return { provider: written, model, service: undefined };
  }
  const inferred = inferProvider(leg.model, environment);
  if (inferred !== undefined) return { ...inferred, service: undefined };
  const names = [...services.byName.keys()];
  const suggestion = nearest(leg.model, names);
  problems.add(
    `${path}.model`,
    `${leg.model} is neither a model service nor a name that tells its provider.${
      suggestion === undefined ? '' : ` Did you mean ${suggestion}?`
    } Model services: ${names.join(', ') || 'none'}; or add provider: ${PROVIDER_NAMES.join(', ')}`,
  );
  return undefined;
}

function resolveKeys({
  scope: { leg, path, optional },
  provider,
  service,
  custom,
  context: { environment, project, missingAt, problems },
}: {
  scope: LegScope;
  provider: ProviderName;
  service: ModelServiceConfig | undefined;
  custom: boolean;
  context: NormalizeContext;
}): { readonly keys: readonly SecretValue[] } | { readonly missing: string } {
  if (leg.api_key === undefined) {
    if (service !== undefined && service.apiKeys.length > 0) return { keys: service.apiKeys };
    const { keys, missing } = defaultKeys({ provider, environment, project, optional: custom });
    return missing === undefined ? { keys } : { missing };
  }
  // A missing variable of a leg that cannot be left out is reported where the variables are put in.
  const missing = [...(missingAt(`${path}.api_key`) ?? [])];
  const keys: SecretValue[] = [];
  if (missing.length === 0) {
    for (const [index, key] of leg.api_key.entries()) {
      const names = missingAt(`${path}.api_key[${index}]`);
      if (names === undefined) keys.push(toSecretValue(key));
      else missing.push(...names);
    }
  }
  if (missing.length === 0 || !optional) return { keys };
  if (keys.length === 0) return { missing: missing.join(' and ') };
  problems.warn(`${path}.api_key`, `${missing.join(' and ')} is not set; the other keys are used`);
  return { keys };
}

function checkTemperature({
  scope: { leg, path, shared, sharedPath },
  provider,
  context,
}: {
  scope: LegScope;
  provider: ProviderName;
  context: NormalizeContext;
}): void {
  const temperature = leg.temperature ?? shared.temperature;
  if (provider !== 'anthropic' || temperature === undefined || temperature <= 1) return;
  const place = leg.temperature === undefined ? sharedPath : path;
  context.problems.add(`${place}.temperature`, 'must be from 0 to 1 for anthropic');
}
