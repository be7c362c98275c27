import { defaultKeys } from '../credentials.ts';
import { defined } from '../objects.ts';
import type { ModelServiceInput } from '../schema/model-services.ts';
import { toSecretValue } from '../secret-value.ts';
import type { ModelServiceConfig } from '../types.ts';
import { checkTargetAuth, type NormalizeContext } from './context.ts';
import { checkModel } from './model.ts';
import { normalizeServing } from './serving.ts';
import { applyRuntime, isCustomTarget, normalizeLocation } from './target.ts';

export interface ModelServices {
  readonly byName: ReadonlyMap<string, ModelServiceConfig>;
  /** Names of services with a problem of their own, which their users need not repeat. */
  readonly broken: ReadonlySet<string>;
}

/**
 * Model services by name. Their keys are the written ones, else the provider's; a service without any is no problem
 * until an agent uses it, because that agent may write its own.
 */
export function normalizeModelServices(
  services: readonly ModelServiceInput[],
  context: NormalizeContext,
): ModelServices {
  const broken = new Set<string>();
  const byName = new Map<string, ModelServiceConfig>();
  const { problems, environment, project } = context;
  for (const [index, service] of services.entries()) {
    const path = `model_services[${index}]`;
    if (byName.has(service.name)) problems.add(`${path}.name`, `${service.name} is used twice; names must differ`);
    const provider = applyRuntime(service.provider, service.runtime);
    if (typeof provider === 'object') {
      problems.add(`${path}.runtime`, provider.fault);
      broken.add(service.name);
      continue;
    }
    if (provider === undefined) continue;
    checkModel({ provider, model: service.model, path: `${path}.model`, problems });
    const { config } = service;
    const location = normalizeLocation(
      {
        provider,
        endpoint: config?.address,
        allowedCidrs: config?.allowed_cidrs,
        auth: config?.auth,
        path,
        endpointPath: `${path}.config.address`,
      },
      context,
    );
    if (location === undefined) {
      broken.add(service.name);
      continue;
    }
    if (!checkTargetAuth({ auth: config?.auth, api_key: service.api_key }, `${path}.config.auth`, context)) {
      broken.add(service.name);
      continue;
    }
    byName.set(
      service.name,
      defined({
        ...location,
        name: service.name,
        model: service.model,
        apiKeys:
          service.api_key?.map(toSecretValue) ??
          (location.auth === 'id_token'
            ? []
            : defaultKeys({ provider, environment, project, optional: isCustomTarget(location) }).keys),
        endpoint: provider === 'vllm' ? withVersion(location.endpoint) : location.endpoint,
        quantization: config?.quantization,
        timeoutMs: config?.timeout,
        ...normalizeServing({ written: config ?? {}, provider, path: `${path}.config` }, context),
      }),
    );
  }
  return { byName, broken };
}

/** An address is a server's origin; vLLM's API is below `/v1` there. */
function withVersion(address: string | undefined): string | undefined {
  return address !== undefined && new URL(address).pathname === '/' ? `${address}/v1` : address;
}
