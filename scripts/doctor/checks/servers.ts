import { SELF_HOSTED } from '../../../shared/config/names.ts';
import type { LegConfig } from '../../../shared/config/types.ts';
import { toAppError } from '../../../shared/contracts/app-error.ts';
import type { AdviceId } from '../advice.ts';
import type { ConfigurationScene } from '../configuration-scene.ts';
import { explainError } from '../explain-error.ts';
import { type Check, type Finding, fine, problem } from '../finding.ts';
import { listLegs, namesOf } from '../targets.ts';

/** What an Ollama that does not answer is about; the same codes mean other things at a vendor's. */
const OLLAMA = {
  network: 'ollama-down',
  timeout: 'ollama-down',
  server_error: 'ollama-down',
  permission: 'ollama-invoker',
  authentication: 'ollama-invoker',
  model_not_found: 'ollama-network',
  not_found: 'ollama-network',
} as const satisfies Readonly<Record<string, AdviceId>>;

/** Whether servers of one's own (Ollama, vLLM) answer, and have the models they are to serve. */
export const serversCheck: Check<ConfigurationScene> = {
  name: 'servers',
  async run({ config, backends, credentials, outgoing, file }) {
    const legs = listLegs(config).filter(({ provider }) => SELF_HOSTED.has(provider));
    return await Promise.all(legs.map(look));

    async function look(leg: LegConfig): Promise<Finding> {
      const { provider, model, endpoint = '' } = leg;
      const subject = `${provider}/${model}`;
      const names = namesOf(leg, file);
      const others = provider === 'ollama' ? OLLAMA : {};
      try {
        const chat = await backends.provider(provider);
        const credential = await credentials.forProvider(leg);
        const call = {
          endpoint,
          signal: new AbortController().signal,
          fetch: outgoing.fetchForLeg(leg),
          ...(credential === undefined ? {} : { credential }),
        };
        const fault = await chat.whyUnavailable?.(call);
        if (fault !== undefined) return explainError(subject, fault, names, others);
        const models = await chat.listModels?.(call);
        if (models === undefined || models.some((name) => isSameModel(name, model))) {
          return fine(subject, `answers at ${endpoint}`);
        }
        const has = models.length === 0 ? 'no model' : `${models.join(', ')} alone`;
        const advice = provider === 'ollama' ? 'ollama-model' : 'model';
        return problem(subject, `answers at ${endpoint}, and has ${has}`, advice, names);
      } catch (error) {
        return explainError(subject, toAppError(error), names, others);
      }
    }
  },
};

/** A name without a tag means `latest`. */
function isSameModel(one: string, other: string): boolean {
  const full = (name: string): string => (name.includes(':') ? name : `${name}:latest`);
  return one === other || full(one) === full(other);
}
