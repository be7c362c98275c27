import type { SluiceConfig } from '../../config/types.ts';
import type { Target } from '../../telemetry/telemetry.ts';
import type { ModelCatalogue } from '../../usage/catalogue.ts';

const OTHER = 'other';
/** Remembered, so that a model is looked up once. */
const MAX_KNOWN = 1_000;

/**
 * The name under which a model is counted: as configured, else as its row in the catalogue is called, else `other`.
 * Callers choose models, and a label of theirs would be a series each.
 */
export function createModelLabels(
  { agents, modelServices, embeddings }: Pick<SluiceConfig, 'agents' | 'modelServices' | 'embeddings'>,
  catalogue: Pick<ModelCatalogue, 'find'>,
): (target: Target) => string {
  const configured: readonly (Target | undefined)[] = [
    ...agents.flatMap(({ legs }) => legs),
    ...modelServices,
    embeddings,
    { provider: 'local', model: 'feature-hash-v1' },
    { provider: 'local', model: 'extractive' },
  ];
  const known = new Map<string, string>();
  for (const target of configured) if (target) known.set(keyOf(target), target.model);

  return (target) => {
    const key = keyOf(target);
    const found = known.get(key);
    if (found !== undefined) return found;
    const row = catalogue.find(target.provider, target.model);
    // A server of one's own is asked for models of any name.
    const label = row === undefined || row.local ? OTHER : row.model;
    if (known.size < MAX_KNOWN) known.set(key, label);
    return label;
  };
}

function keyOf({ provider, model }: Target): string {
  return `${provider} ${model}`;
}
