import type { ConfigurationScene } from '../configuration-scene.ts';
import { explainError } from '../explain-error.ts';
import { type Check, fine, warning } from '../finding.ts';

/** Whether the store of passages can be reached, has its index, and holds vectors of the model that is configured. */
export const storeCheck: Check<ConfigurationScene> = {
  name: 'store',
  async run({ config, backends, file }) {
    const { vectorstore, embeddings } = config;
    if (vectorstore === undefined) {
      return [warning('vectorstore', 'none: nothing can be ingested or searched', 'configuration', { FILE: file })];
    }
    const names = {
      FILE: file,
      ...(config.project === undefined ? {} : { PROJECT: config.project }),
      ...(vectorstore.provider === 'firestore' ? { DATABASE: vectorstore.databaseId } : {}),
    };
    const subject = vectorstore.provider;
    const dimensions = vectorstore.embeddingDimensions;
    if (dimensions === undefined) {
      return [warning(subject, 'the length of its vectors is not known before the first one', 'dimensions', names)];
    }
    try {
      const store = await backends.vectorStore.get();
      await store.ready();
      // Any vector asks for the index; it is not compared with a meaning.
      const vector = new Float32Array(dimensions).fill(1 / Math.sqrt(dimensions));
      await store.query({ collection: 'default', tenant: null, vector, topK: 1 });
      const held = await store.heldModel({ collection: 'default' });
      if (held === undefined) return [fine(subject, 'can be searched, and is empty')];
      if (embeddings === undefined) return [fine(subject, `can be searched, and holds vectors of ${held}`)];
      const configured = `${embeddings.provider}/${embeddings.model}@${dimensions}`;
      // What follows a plus is a prefix that documents have.
      return held === configured || held.startsWith(`${configured}+`)
        ? [fine(subject, `can be searched, and holds vectors of ${held}`)]
        : [warning(subject, `holds vectors of ${held}, and ${configured} is configured`, 'foreign-model', names)];
    } catch (error) {
      return [explainError(subject, error, names, { network: 'store', timeout: 'store', server_error: 'store' })];
    }
  },
};
