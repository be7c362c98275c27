import { type Environment, firstSet } from './environment.ts';
import type { ProviderName } from './names.ts';
import { type SecretValue, toSecretValue } from './secret-value.ts';

interface Credential {
  /** Variables that may hold the key, in order. */
  readonly variables: readonly string[];
  /** Name of the secret used when no variable is set and the project is known. */
  readonly secret?: string;
  /** A request without a key is refused by the vendor. */
  readonly required: boolean;
}

export const CREDENTIALS: Readonly<Record<ProviderName, Credential>> = {
  openai: { variables: ['OPENAI_API_KEY'], secret: 'openai-api-key', required: true },
  anthropic: { variables: ['ANTHROPIC_API_KEY'], secret: 'anthropic-api-key', required: true },
  gemini: { variables: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'], secret: 'gemini-api-key', required: true },
  vertexai: { variables: [], required: false },
  xai: { variables: ['XAI_API_KEY'], secret: 'xai-api-key', required: true },
  huggingface: { variables: ['HUGGINGFACE_API_KEY', 'HF_TOKEN'], secret: 'huggingface-api-key', required: true },
  vllm: { variables: ['VLLM_API_KEY'], required: false },
  ollama: { variables: [], required: false },
  local: { variables: [], required: false },
};

/** The key a provider gets when the file writes none, with the name of its variable. */
export function keyFromEnvironment(
  provider: ProviderName,
  environment: Environment,
): { readonly name: string; readonly key: SecretValue } | undefined {
  const found = firstSet(environment, CREDENTIALS[provider].variables);
  return found === undefined ? undefined : { name: found.name, key: toSecretValue(found.value) };
}

/**
 * Keys of a target whose file entry writes none: the provider's variable, else its secret when a key is needed and the
 * project is known, else nothing. `missing` says which variables would have helped; it is set only when a key is needed.
 */
export function defaultKeys({
  provider,
  environment,
  project,
  optional = false,
}: {
  provider: ProviderName;
  environment: Environment;
  project: string | undefined;
  /** The target may work without a key: a server of one's own, or a vendor's free tier. */
  optional?: boolean;
}): { readonly keys: readonly SecretValue[]; readonly missing?: string } {
  const found = keyFromEnvironment(provider, environment);
  if (found !== undefined) return { keys: [found.key] };
  const { variables, secret, required } = CREDENTIALS[provider];
  if (!required || optional) return { keys: [] };
  if (project !== undefined && secret !== undefined) return { keys: [{ secret }] };
  return { keys: [], missing: variables.join(' or ') };
}
