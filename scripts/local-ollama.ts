/** Models of a local Ollama, or undefined when none answers within two seconds. */
export async function listOllamaModels(endpoint: string): Promise<string[] | undefined> {
  const response = await fetch(`${endpoint}/api/tags`, { signal: AbortSignal.timeout(2_000), redirect: 'error' });
  if (!response.ok) return undefined;
  const { models } = (await response.json()) as { models?: { name: string }[] };
  return models?.map(({ name }) => name);
}
