import { defaultTimeoutMs } from '../config/normalize/leg.ts';
import { isHostedModel } from '../config/own-machines.ts';
import type { AgentConfig, LegConfig, ProviderAccess, SluiceConfig } from '../config/types.ts';
import { AppError } from '../contracts/app-error.ts';

/** A request's way: the legs to try in order, and the agent whose prompt and defaults apply. */
export interface Route {
  readonly agent?: AgentConfig;
  readonly legs: readonly LegConfig[];
}

/**
 * The route for a request's `model`: an agent's name, `provider/model` (the first slash splits when the left part is a
 * provider), or the name of a model that exactly the configured providers are known to serve.
 *
 * @param providersOf providers whose catalogue knows the model's name, best first.
 * @throws AppError `model_not_found` naming what there is.
 */
export function resolveModel(
  config: SluiceConfig,
  name: string,
  providersOf: (model: string) => readonly string[],
): Route {
  const agent = config.agents.find((candidate) => candidate.name === name);
  if (agent) return { agent, legs: agent.legs };
  const service = config.modelServices.find((candidate) => candidate.name === name);
  if (service) return { legs: [toLeg(service, service.model, service.timeoutMs)] };

  const slash = name.indexOf('/');
  const direct = slash > 0 ? accessOf(config, name.slice(0, slash)) : undefined;
  const model = name.slice(slash + 1);
  if (direct && isModelName(model)) {
    if (config.privacy?.mode === 'local_only' && isHostedModel(direct.provider, model)) {
      throw new AppError(
        'permission',
        `\`${name}\` runs on its vendor's machines, and this service keeps to local ones.`,
        {
          param: 'model',
        },
      );
    }
    return { legs: [toLeg(direct, model)] };
  }

  const configured = configuredLeg(config, name);
  if (configured) return { legs: [configured] };
  for (const provider of providersOf(name)) {
    const access = accessOf(config, provider);
    if (access) return { legs: [toLeg(access, name)] };
  }
  throw new AppError('model_not_found', notFoundMessage(config, name), { param: 'model' });
}

/** Vendors' model names are plain; what steps through paths or ends lines is none, and is never sent anywhere. */
function isModelName(model: string): boolean {
  return /^[\w.:@/+-]{1,256}$/.test(model) && !model.split('/').some((part) => part === '' || /^\.+$/.test(part));
}

/** A model that some agent uses may be asked for by its own name, without the agent's prompt. */
function configuredLeg(config: SluiceConfig, model: string): LegConfig | undefined {
  for (const { legs } of config.agents) {
    const leg = legs.find((candidate) => candidate.model === model);
    if (leg) return leg;
  }
  return undefined;
}

function accessOf(config: SluiceConfig, provider: string): ProviderAccess | undefined {
  return Object.hasOwn(config.providers, provider)
    ? config.providers[provider as keyof SluiceConfig['providers']]
    : undefined;
}

function toLeg(access: ProviderAccess, model: string, timeoutMs = defaultTimeoutMs(access.provider)): LegConfig {
  return { ...access, model, timeoutMs, weight: 1 };
}

function notFoundMessage(config: SluiceConfig, name: string): string {
  const agents = config.agents.map((agent) => agent.name).slice(0, 10);
  const providers = Object.keys(config.providers);
  const shown = name.length > 100 ? `${name.slice(0, 100)}…` : name;
  return (
    `The model \`${shown}\` does not exist here. Agents: ${agents.join(', ') || 'none'}.` +
    (providers.length > 0 ? ` Models of ${providers.join(', ')} are named \`provider/model\`.` : '')
  );
}
