import type { SluiceConfig } from '../../config/types.ts';

const LOCAL: ReadonlySet<string> = new Set(['local', 'ollama', 'huggingface_tei']);

/** Whether texts are embedded without a vendor, as agents that keep to local models need it. */
export function embedsLocally({ embeddings }: Pick<SluiceConfig, 'embeddings'>): boolean {
  return embeddings === undefined || LOCAL.has(embeddings.provider);
}
