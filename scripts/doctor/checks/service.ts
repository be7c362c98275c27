import { isLoopback } from '../../../shared/config/endpoint.ts';
import { smoke, urlsFromBase } from '../../smoke.ts';
import { type Check, type Finding, fine, problem, unknown, warning } from '../finding.ts';
import { get, type ServiceAnswer, type ServiceScene } from '../service-scene.ts';

/** Whether it answers, is ready, lets this caller in, and nobody without credentials. */
export const serviceCheck: Check<ServiceScene> = {
  name: 'service',
  async run(scene) {
    const { url, names } = scene;
    const authorization = await scene.authorize(url).catch(() => undefined);
    const health = await get(scene, '/health', authorization).catch((error: unknown) => toCode(error));
    if (typeof health === 'string') return [problem(url, `cannot be reached (${health})`, 'unreachable', names)];
    const refusal = explainRefusal(health, scene);
    if (refusal !== undefined) return [refusal];
    if ((health.json as { status?: unknown } | undefined)?.status !== 'ok') {
      return [problem(url, `answers ${health.status}, and is not Sluice`, 'not-deployed', names)];
    }
    const findings = [fine(url, 'answers')];
    findings.push(await lookWhetherReady(scene, authorization));
    const listed = await get(scene, '/v1/models', authorization);
    if (listed.status !== 200) {
      findings.push(explainRefusal(listed, scene) ?? unknown('models', `the list answers ${listed.status}`));
    } else findings.push(...readModels(listed));
    findings.push(...(await lookWhetherOpen(scene)));
    return findings;
  },
};

/** Everything a caller does, tried once: ingest, search, a streamed chat, delete. Only when models may be called. */
export const useCheck: Check<ServiceScene> = {
  name: 'use',
  async run({ url, authorize, call, fetch, names }) {
    if (!call) return [];
    const results = await smoke({ urls: urlsFromBase(url), authorize, fetch });
    return results.map(({ check, ok, detail }) =>
      ok ? fine(check, detail) : problem(check, detail, 'not-running', names),
    );
  },
};

/** A page of the platform says another thing than an error of ours. */
function explainRefusal({ status, json }: ServiceAnswer, { url, names }: ServiceScene): Finding | undefined {
  const ours = typeof json === 'object' && json !== null && 'error' in json;
  if (status === 401) return problem(url, 'does not know this caller', ours ? 'caller-key' : 'caller-invoker', names);
  if (status === 403) return problem(url, 'does not let this caller in', ours ? 'caller-key' : 'caller-invoker', names);
  if (status === 404) return problem(url, 'there is nothing at this address', 'not-deployed', names);
  if (status >= 500 && !ours) return problem(url, `answers ${status}`, 'not-running', names);
  return undefined;
}

async function lookWhetherReady(scene: ServiceScene, authorization: string | undefined): Promise<Finding> {
  const { status, json } = await get(scene, '/ready', authorization);
  if (status === 200) return fine('ready', 'what it depends on can be used');
  const { problems = [] } = (json ?? {}) as { readonly problems?: readonly string[] };
  return problem('ready', problems.join(' ') || `answers ${status}`, 'store', scene.names);
}

function readModels({ json }: ServiceAnswer): Finding[] {
  const { data = [] } = json as {
    readonly data?: readonly {
      readonly id: string;
      readonly sluice?: { readonly kind: string; readonly prices: unknown; readonly cascade?: readonly string[] };
    }[];
  };
  return data.map(({ id, sluice }) => {
    if (sluice?.cascade !== undefined) return fine(`agent ${id}`, sluice.cascade.join(', then '));
    return sluice?.prices === null
      ? warning(id, 'its price is not known', 'price', {
          PROVIDER: id.split('/')[0] ?? id,
          MODEL: id.split('/').slice(1).join('/'),
        })
      : fine(id, 'known, with its price');
  });
}

/** Nobody without credentials should get an answer from the internet. */
async function lookWhetherOpen(scene: ServiceScene): Promise<Finding[]> {
  if (isLoopback(new URL(scene.url).hostname)) return [];
  const { status } = await get(scene, '/v1/models');
  return status === 200
    ? [problem('callers', 'it answers anybody, without a key', 'open', scene.names)]
    : [fine('callers', `one without credentials gets ${status}`)];
}

function toCode(error: unknown): string {
  if (!(error instanceof Error)) return 'failed';
  if (error.name === 'TimeoutError') return 'no answer within 30 s';
  return (error.cause as NodeJS.ErrnoException | undefined)?.code ?? error.message;
}
