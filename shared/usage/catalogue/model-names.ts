/** Names a provider uses for one model. A name is never matched by a prefix: `gpt-4.1` and `gpt-4-32k` are not `gpt-4`. */

const DATE = /-20\d\d(-?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])$/;

/** What a row may be called for a model of this name, most exact first. */
export function namesOf(provider: string, model: string): string[] {
  const plain = plainName(provider, model);
  const unpinned = provider === 'huggingface' ? plain.replace(/:[\w-]+$/, '') : plain;
  const undated = unpinned.replace(DATE, '');
  const unversioned = isGoogle(provider) ? unpinned.replace(/-\d{3}$/, '') : unpinned;
  return [...new Set([plain, unpinned, undated, unversioned])];
}

/**
 * The name without what says where it is found: `models/…`, `publishers/google/models/…` and the like. Other
 * publishers' models keep their publisher, `meta/…`, as in Google's own OpenAI-compatible API.
 */
export function plainName(provider: string, model: string): string {
  if (!isGoogle(provider)) return model;
  const path = /^(?:projects\/[^/]+\/locations\/[^/]+\/)?publishers\/([^/]+)\/models\/(.+)$/.exec(model);
  return (path ? `${path[1]}/${path[2]}` : model.replace(/^models\//, '')).replace(/^google\//, '');
}

/** Whether `dated` is `model` with a date behind it. */
export function isDatedForm(dated: string, model: string): boolean {
  return dated.length > model.length && dated.startsWith(model) && dated.replace(DATE, '') === model;
}

function isGoogle(provider: string): boolean {
  return provider === 'gemini' || provider === 'vertexai';
}
