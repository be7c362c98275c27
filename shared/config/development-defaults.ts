import { keyFromEnvironment } from './credentials.ts';
import type { Environment } from './environment.ts';
import { LOCAL_MODEL } from './infer-provider.ts';
import type { ProviderName } from './names.ts';
import type { AgentInput, LegInput } from './schema/agents.ts';

/** What development gets from each vendor whose key is in the environment: small, current, cheap models, in this order. */
const DEFAULT_MODELS: readonly (readonly [ProviderName, string])[] = [
  ['openai', 'gpt-4o-mini'],
  ['anthropic', 'claude-haiku-4-5'],
  ['gemini', 'gemini-2.5-flash'],
  ['xai', 'grok-4.3'],
  ['huggingface', 'Qwen/Qwen3-Coder-Next'],
];

/**
 * Names of the models an Ollama at `endpoint` serves, or nothing when none answers. It is handed in by whoever may open
 * connections; a failure counts as no answer.
 */
export type OllamaProbe = (endpoint: string) => Promise<readonly string[] | undefined>;

export interface DefaultAgents {
  readonly agents: readonly AgentInput[];
  /** One line per leg: what was chosen and why. */
  readonly choices: readonly string[];
}

/** What choosing without a file looks at besides the environment. */
export interface LocalOllama {
  readonly model: string;
  readonly endpoint: string;
}

/**
 * The agent of a development machine without a file: every vendor whose key is in the environment, an Ollama that
 * answered, and last the extractive model, which needs nothing. Never used on Cloud Run.
 */
export function chooseDefaultAgents(environment: Environment, ollama?: LocalOllama): DefaultAgents {
  const providers: LegInput[] = [];
  const choices: string[] = [];
  for (const [provider, model] of DEFAULT_MODELS) {
    const key = keyFromEnvironment(provider, environment);
    if (key === undefined) continue;
    providers.push({ provider, model });
    choices.push(`${provider}/${model}: ${key.name} is set`);
  }
  if (ollama !== undefined) {
    providers.push({ provider: 'ollama', model: ollama.model, endpoint: ollama.endpoint });
    choices.push(`ollama/${ollama.model}: Ollama answers at ${ollama.endpoint}`);
  }
  providers.push({ provider: 'local', model: LOCAL_MODEL });
  choices.push(`local/${LOCAL_MODEL}: last resort, quotes the retrieved text and calls no model`);
  return { agents: [{ name: 'default', role: 'assistant', providers }], choices };
}

/** The Ollama to use when one answers: its first model that is made for chat. */
export async function findOllama(endpoint: string, probe: OllamaProbe | undefined): Promise<LocalOllama | undefined> {
  if (probe === undefined) return undefined;
  const models = await probe(endpoint).catch(() => undefined);
  const model = models?.find((name) => !name.includes('embed'));
  return model === undefined ? undefined : { model, endpoint };
}
